import { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { reachesAcross } from '#core/tokenizer/text/units.ts';

/**
 * True when the units of a text can be encoded one by one: nothing is put before a text, spaces become "▁", and no piece
 * reaches across a cut.
 * @param knownUpTo ids below it belong to a base whose cuts are known to be safe
 */
export function cutsAreSafe(tokenizer: Tokenizer, knownUpTo = 0): boolean {
  if (!(tokenizer instanceof BpeTokenizer)) return false;
  const { normalizer, preTokenizer, split, addedTokens } = tokenizer.settings;
  const [step] = normalizer;
  const asGemma =
    normalizer.length === 1 &&
    step?.type === 'Replace' &&
    step.pattern === ' ' &&
    step.content === '▁' &&
    preTokenizer.length === 0 &&
    (split === undefined || split.pattern === ' ');
  if (!asGemma) return false;
  const plain = addedTokens.every(
    ({ content, lstrip, rstrip, singleWord }) =>
      !lstrip && !rstrip && !singleWord && !reachesAcross(content.replaceAll(' ', '▁')),
  );
  if (!plain) return false;
  for (let id = knownUpTo; id < tokenizer.size; id++) if (reachesAcross(tokenizer.pieceOf(id) ?? '')) return false;
  return true;
}
