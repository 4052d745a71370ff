import { FailureError } from '#core/failure.ts';
import {
  HELD_OUT_EVERY,
  MIN_HELD_OUT,
  MAX_HELD_OUT,
  type CurvePoint,
  type PackMerge,
  type VocabularyJobs,
} from '#core/protocol/vocabulary.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { holdOut, sentencesOf } from '#core/tokenizer/korean/held-out.ts';
import { isDecomposedHangul } from '#core/text/hangul.ts';
import type { TextEncoding } from '#core/text/encoding.ts';
import { VocabularyTrainer } from '#core/tokenizer/korean/train.ts';

/** Points of the curve. */
const points = 50;
const latestShown = 12;

export interface TrainingText {
  text: string;
  /** Set if the encoding of the file was guessed. */
  encoding?: TextEncoding | undefined;
  tokens: number;
  minFrequency: number;
}

export interface Trained {
  merges: PackMerge[];
  /** Sentences of the training text. */
  lines: number;
  point: CurvePoint;
}

type TrainingJob = Pick<RunningJob<VocabularyJobs['train']>, 'emit' | 'progress' | 'pause'>;

/**
 * Trains on nine of ten sentences and counts the tokens of the others as merges are added.
 * @throws FailureError no-text, no-hangul, too-little, no-pair; the signal's reason when the job is stopped
 */
export async function train(base: BpeTokenizer, asked: TrainingText, job: TrainingJob): Promise<Trained> {
  const sentences = sentencesOf(asked.text);
  checkText(sentences);
  const split = holdOut(sentences, HELD_OUT_EVERY);
  const heldOut = split.heldOut.slice(0, MAX_HELD_OUT);
  const measure = (merges: readonly PackMerge[]): CurvePoint => {
    const tokenizer = merges.length > 0 ? base.withMerges(merges, base.size) : base;
    return { merges: merges.length, tokens: heldOut.reduce((sum, text) => sum + tokenizer.encode(text).length, 0) };
  };
  const decomposed = sentences.filter(isDecomposedHangul).length;
  const { encoding } = asked;
  const counts = { sentences: split.train.length, heldOut: heldOut.length, decomposed };
  job.emit({ type: 'split', ...counts, encoding, point: measure([]) });

  const trainer = new VocabularyTrainer(base, { minFrequency: asked.minFrequency });
  for (const [index, sentence] of split.train.entries()) {
    trainer.add(sentence);
    await job.pause();
    job.progress({ type: 'progress', phase: 'read', share: index / split.train.length }, 'read');
  }
  for (const share of trainer.prepare()) {
    await job.pause();
    job.progress({ type: 'progress', phase: 'count', share }, 'count');
  }

  const merges: PackMerge[] = [];
  const step = Math.max(1, Math.round(asked.tokens / points));
  while (merges.length < asked.tokens) {
    const merge = trainer.next();
    if (!merge) break;
    merges.push([merge.left, merge.right, merge.frequency]);
    const point = merges.length % step === 0 ? measure(merges) : undefined;
    await job.pause();
    const update = { type: 'merges', done: merges.length, latest: merges.slice(-latestShown), point } as const;
    // Points of the curve are never throttled.
    if (point) job.emit(update);
    else job.progress(update, 'merges');
  }
  if (merges.length === 0) throw new FailureError('no-pair', { frequency: asked.minFrequency });
  return { merges, lines: split.train.length, point: measure(merges) };
}

/** @throws FailureError if the text cannot be used for training */
function checkText(sentences: readonly string[]): void {
  if (sentences.length === 0) throw new FailureError('no-text');
  if (!sentences.some((sentence) => /\p{Script=Hangul}/u.test(sentence)))
    throw new FailureError('no-hangul', { sentences: sentences.length });
  const different = new Set(sentences).size;
  const least = MIN_HELD_OUT * HELD_OUT_EVERY;
  if (different < least) throw new FailureError('too-little', { sentences: different, least });
}
