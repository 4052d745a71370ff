import type { Listener } from '#core/protocol/engine.ts';
import {
  HELD_OUT_EVERY,
  MIN_HELD_OUT,
  MAX_HELD_OUT,
  type CurvePoint,
  type PackMerge,
  type TrainingEvent,
  type TrainingFailure,
} from '#core/protocol/vocabulary.ts';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { holdOut, sentencesOf } from '#core/tokenizer/korean/held-out.ts';
import { VocabularyTrainer } from '#core/tokenizer/korean/train.ts';

/** Points of the curve. */
const points = 50;
/** Milliseconds between two reports. */
const pace = 80;
const latestShown = 12;

export interface TrainingText {
  text: string;
  tokens: number;
  minFrequency: number;
}

export type Trained =
  | { type: 'trained'; merges: PackMerge[]; lines: number; point: CurvePoint }
  | { type: 'failed'; failure: TrainingFailure };

/**
 * Trains on nine of ten sentences and counts the tokens of the others as merges are added. `on` is waited for, so that a page
 * that draws is not run over.
 */
export async function train(base: BpeTokenizer, asked: TrainingText, on: Listener<TrainingEvent>): Promise<Trained> {
  const sentences = sentencesOf(asked.text);
  const refused = refusal(sentences);
  if (refused) return { type: 'failed', failure: refused };
  const split = holdOut(sentences, HELD_OUT_EVERY);
  const heldOut = split.heldOut.slice(0, MAX_HELD_OUT);
  const measure = (merges: readonly PackMerge[]): CurvePoint => {
    const tokenizer = merges.length > 0 ? base.withMerges(merges, base.size) : base;
    return { merges: merges.length, tokens: heldOut.reduce((sum, text) => sum + tokenizer.encode(text).length, 0) };
  };
  await on({ type: 'split', sentences: split.train.length, heldOut: heldOut.length, point: measure([]) });

  const trainer = new VocabularyTrainer(base, { minFrequency: asked.minFrequency });
  const due = pacer();
  for (const [index, sentence] of split.train.entries()) {
    trainer.add(sentence);
    if (index % 256 === 0 && due()) await on({ type: 'progress', phase: 'read', share: index / split.train.length });
  }
  for (const share of trainer.prepare()) if (due()) await on({ type: 'progress', phase: 'count', share });

  const merges: PackMerge[] = [];
  const step = Math.max(1, Math.round(asked.tokens / points));
  while (merges.length < asked.tokens) {
    const merge = trainer.next();
    if (!merge) break;
    merges.push([merge.left, merge.right, merge.frequency]);
    const point = merges.length % step === 0 ? measure(merges) : undefined;
    if (point || due()) await on({ type: 'merges', done: merges.length, latest: merges.slice(-latestShown), point });
  }
  if (merges.length === 0)
    return { type: 'failed', failure: { code: 'no-pair', detail: { frequency: asked.minFrequency } } };
  return { type: 'trained', merges, lines: split.train.length, point: measure(merges) };
}

function refusal(sentences: readonly string[]): TrainingFailure | undefined {
  if (sentences.length === 0) return { code: 'no-text', detail: {} };
  if (!sentences.some((sentence) => /\p{Script=Hangul}/u.test(sentence)))
    return { code: 'no-hangul', detail: { sentences: sentences.length } };
  const different = new Set(sentences).size;
  const least = MIN_HELD_OUT * HELD_OUT_EVERY;
  return different < least ? { code: 'too-little', detail: { sentences: different, least } } : undefined;
}

/** True once in a while. */
function pacer(): () => boolean {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < pace) return false;
    last = now;
    return true;
  };
}
