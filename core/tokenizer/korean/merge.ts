/**
 * Base tokenizer.json + pack → merged tokenizer.json.
 *
 * Merges go behind those of the base. BPE applies the earliest merge that fits, so the base's are exhausted before the
 * first of the pack; none of the base's can fit afterwards, because none holds a new piece. The merged segmentation is
 * therefore the base's own with neighbours joined: no text can get longer, and a text in which no pair of the pack occurs
 * keeps its ids.
 */
import { PackError } from './pack-error.ts';
import type { Pack } from './pack.ts';
import type { TokenizerJson } from './tokenizer-file.ts';

/**
 * Leaves `base` as it is. New tokens get the ids `pack.firstId + i`. Added tokens that are not in `model.vocab` are
 * written into it under the id they have: Hugging Face tokenizers would give them the next free id otherwise, which
 * belongs to a new token now (Gemma 3: `<image_soft_token>`, 262144).
 *
 * @throws PackError when the pack cannot belong to this base. The base's hash is the caller's to compare
 *   (`requireBase`): it is one of the file's bytes.
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
  // A Map, because a vocabulary may hold "__proto__", and because integer-like keys of an object lose their place.
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

/** @throws PackError naming both hashes when the pack was made for another tokenizer.json */
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

/** In the form that the base's merges have. */
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
