import type { TrainingFailure } from '#core/protocol/vocabulary.ts';
import { t, tWith } from '../../../platform/locale.svelte.ts';

const known = ['no-text', 'no-hangul', 'too-little', 'no-pair', 'encoding', 'too-large', 'network'] as const;
/** The base vocabulary did not come. */
const notFetched: readonly string[] = ['offline', 'file-missing', 'rate-limited', 'server-error'];

/** What is wrong, and what to do about it. */
export function trainingFailure({ code, detail }: TrainingFailure): string {
  const named = notFetched.includes(code) ? 'network' : known.find((name) => name === code);
  if (named) return tWith(`tokenizer.train.failure.${named}`, detail);
  return t('tokenizer.train.failure.other', { reason: 'reason' in detail ? (detail['reason'] ?? code) : code });
}
