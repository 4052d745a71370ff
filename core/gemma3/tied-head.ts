/** Whether embedding and output head are one matrix: the stored tensors decide, whatever the flags in config.json say. */
import { decodeFloats, isFloatDtype } from '../safetensors/dtype.ts';
import { DTYPE_BYTES } from '../safetensors/header.ts';
import { canonicalName } from './parameters.ts';
import type { StoredTensor } from './stored-tensor.ts';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
/** Elements of each matrix that are read at a time; MedGemma's have 671 million. */
const PIECE_ELEMENTS = 2 ** 22;

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
 * defaults to) tied. Compares the values of both matrices.
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

/** Compares values: a head may be stored in another dtype than the embedding. */
export async function isSameMatrix(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  const [left, right] = [a.entry.dtype, b.entry.dtype];
  if (a.entry.shape.join() !== b.entry.shape.join() || !isFloatDtype(left) || !isFloatDtype(right)) return false;
  const elements = a.entry.shape.reduce((product, size) => product * size, 1);
  const read = ({ entry, source }: StoredTensor, from: number, count: number, bytes: number) =>
    source.read(entry.begin + from * bytes, count * bytes);
  for (let from = 0; from < elements; from += PIECE_ELEMENTS) {
    const count = Math.min(PIECE_ELEMENTS, elements - from);
    const [x, y] = await Promise.all([
      read(a, from, count, DTYPE_BYTES[left]),
      read(b, from, count, DTYPE_BYTES[right]),
    ]);
    // Of one dtype the bytes are compared, which is faster.
    const [p, q] = left === right ? [x, y] : [decodeFloats(x, left), decodeFloats(y, right)];
    for (let i = 0; i < p.length; i++) if (p[i] !== q[i]) return false;
  }
  return true;
}
