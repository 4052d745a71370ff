/** Whether embedding and output head are one matrix: the stored tensors decide, whatever the flags in config.json say. */
import { canonicalName } from './parameters.ts';
import type { StoredTensor } from './stored-tensor.ts';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
/** Bytes per read of each matrix; MedGemma's matrices have 1.3 GB. */
const PIECE_BYTES = 16 * 2 ** 20;

export interface HeadTying {
  /** True if one matrix serves as both. */
  tied: boolean;
  /** The tensors to use. If only the head is stored, it also appears under the name of the embedding. */
  stored: readonly StoredTensor[];
  /** A sentence about a contradiction between the files and config.json. */
  note?: string;
}

/**
 * transformers loads a stored `lm_head.weight`, so a head that differs from the embedding is used even if config.json says (or
 * defaults to) tied. Compares the bytes of both matrices.
 * @param flagged `tie_word_embeddings` of config.json
 */
export async function resolveHead(flagged: boolean, stored: readonly StoredTensor[]): Promise<HeadTying> {
  const find = (name: string) => stored.find(({ entry }) => canonicalName(entry.name) === name);
  const [embedding, head] = [find(EMBEDDING), find(HEAD)];
  if (!flagged || !head) return { tied: flagged, stored };
  if (!embedding) {
    const shared = stored.map((tensor) =>
      tensor === head ? { ...tensor, entry: { ...tensor.entry, name: EMBEDDING } } : tensor,
    );
    return { tied: true, stored: shared };
  }
  if (await isSameMatrix(embedding, head)) return { tied: true, stored };
  return {
    tied: false,
    stored,
    note: `config.json says that the output head is the embedding (tie_word_embeddings), but the stored ${head.entry.name} differs from ${embedding.entry.name}: the stored head is used.`,
  };
}

async function isSameMatrix(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  if (a.entry.dtype !== b.entry.dtype || a.entry.shape.join() !== b.entry.shape.join()) return false;
  const length = a.entry.end - a.entry.begin;
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const bytes = Math.min(PIECE_BYTES, length - at);
    const [left, right] = await Promise.all([
      a.source.read(a.entry.begin + at, bytes),
      b.source.read(b.entry.begin + at, bytes),
    ]);
    for (let i = 0; i < bytes; i++) if (left[i] !== right[i]) return false;
  }
  return true;
}
