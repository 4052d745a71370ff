/** What a visitor can get wrong, as failures. */
import { FailureError } from '#core/failure.ts';
import { loraLayout, RankError, type LoraLayout, type LoraSettings } from '#core/lora/training/parameters.ts';
import type { TextConfig } from '#core/gemma3/config.ts';
import type { RefusedTraining, RowPlace } from '#core/protocol/trainer.ts';
import { shortened } from '#core/text/cut.ts';

/** Of a question in a message. */
const MOST_CHARACTERS = 80;

/** @param detail what the text of the problem names */
export function refused(problem: RefusedTraining, detail: FailureError['detail'] = {}, cause?: unknown): FailureError {
  return new FailureError('training-refused', { problem, ...detail }, { cause });
}

/** Its question tells which row it is: rows that a visitor wrote were parted since, and have other numbers there. */
export function refusedRow(
  problem: 'answer' | 'length',
  { place, question }: { place: RowPlace; question: string },
  detail: FailureError['detail'],
  cause?: unknown,
): FailureError {
  return refused(problem, { ...place, question: shortened(question, MOST_CHARACTERS), ...detail }, cause);
}

/** @throws FailureError `training-refused` */
export function layoutOf(config: TextConfig, lora: LoraSettings): LoraLayout {
  if (lora.targets.length === 0) throw refused('targets');
  try {
    return loraLayout(config, lora);
  } catch (cause) {
    if (!(cause instanceof RankError)) throw cause;
    const { rank, target, size } = cause;
    throw refused('rank', { rank, target, ...size }, cause);
  }
}
