/**
 * Base tokenizer.json + pack → merged tokenizer.json.
 *
 * The pack's merges are appended to those of the base. BPE applies the merge of lowest rank first, so all base merges are
 * applied before the first merge of the pack; afterwards no base merge can apply, because none contains a new piece. The
 * merged segmentation is therefore that of the base with some neighbours joined: no text gets more tokens, and a text
 * without any pair of the pack keeps its ids.
 */
import { PackError } from './pack-error.ts';
import type { Pack } from './pack.ts';
import type { TokenizerJson } from './tokenizer-file.ts';

/**
 * Does not modify `base`. New tokens get the ids `pack.firstId + i`. Added tokens that are not in `model.vocab` are
 * added to it with their ids: otherwise Hugging Face tokenizers would assign them the next free id, which now belongs to a
 * new token (Gemma 3: `<image_soft_token>`, 262144).
 *
 * @throws PackError if the pack does not fit this base. The caller compares the hash of the file's bytes (`requireBase`).
 */
export function mergeTokenizerJson(base: TokenizerJson, pack: Pack): TokenizerJson {
  const added = base.added_tokens ?? [];
  const size = sizeOf(base);
  if (size !== pack.base.size) {
    throw new PackError(
      'base',
      `The pack "${pack.name}" continues a tokenizer with ${pack.base.size} ids; this one has ${size}.`,
    );
  }
  // A Map, since a vocabulary may contain "__proto__", and objects reorder integer-like keys.
  const vocab = new Map(Object.entries(base.model.vocab));
  for (const { id, content } of added) if (!vocab.has(content)) vocab.set(content, id);
  pack.merges.forEach(([left, right], index) => {
    for (const side of [left, right]) {
      if (vocab.has(side)) continue;
      throw new PackError(
        'base',
        `merges[${index}] of the pack "${pack.name}" joins "${left}" and "${right}", but "${side}" is no piece of this tokenizer nor of an earlier merge.`,
      );
    }
    const piece = left + right;
    if (vocab.has(piece)) {
      throw new PackError(
        'base',
        `merges[${index}] of the pack "${pack.name}" makes "${piece}", which this tokenizer already has.`,
      );
    }
    vocab.set(piece, pack.firstId + index);
  });
  return {
    ...base,
    model: { ...base.model, vocab: Object.fromEntries(vocab), merges: appended(base.model.merges, pack) },
  };
}

/** @throws PackError with both hashes if the pack was made for another tokenizer.json */
export function requireBase(pack: Pack, sha256: string): void {
  if (pack.base.sha256 === sha256) return;
  throw new PackError(
    'base',
    `The pack "${pack.name}" was made for a tokenizer.json with SHA-256 ${pack.base.sha256}, this one has ${sha256}; give the one it was made for, or train a pack for this one.`,
  );
}

/** Largest id + 1. */
export function sizeOf({ added_tokens, model }: TokenizerJson): number {
  let largest = -1;
  for (const id of Object.values(model.vocab)) largest = Math.max(largest, id);
  for (const { id } of added_tokens ?? []) largest = Math.max(largest, id);
  return largest + 1;
}

/** The base's merges and the pack's, in the format of the base's. */
function appended(merges: TokenizerJson['model']['merges'], pack: Pack): TokenizerJson['model']['merges'] {
  if (merges.every((merge) => typeof merge !== 'string')) {
    return [...merges, ...pack.merges.map(([left, right]): [string, string] => [left, right])];
  }
  return [...merges, ...pack.merges.map(joined)];
}

function joined([left, right]: [left: string, right: string, frequency: number]): string {
  if (!`${left}${right}`.includes(' ')) return `${left} ${right}`;
  throw new PackError(
    'base',
    `"${left}" or "${right}" holds a space, which this tokenizer.json cannot say: its merges are texts ("a b"). Save it again with tokenizers 0.20 or later.`,
  );
}
