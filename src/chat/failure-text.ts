import type { Failure } from '#core/failure.ts';
import type { RefusedTraining } from '#core/protocol/trainer.ts';
import type { MessageKey } from '../messages/messages.ts';
import { tWith } from '../platform/locale.svelte.ts';
import { tokensOver } from './failure-actions.ts';

type Texts = [title: MessageKey, next: MessageKey];

/** @param about subject of the failure, if the failure does not name it */
export function failureText(failure: Failure, about?: string): { title: string; next: string } {
  const values = { ...(about ? { file: about } : {}), ...failure.detail, over: tokensOver(failure.detail) };
  const [title, next] = messagesOf(failure);
  return { title: tWith(title, values), next: tWith(next, values) };
}

const UNTRAINED: Texts = ['failure.training-refused.title', 'failure.training-refused.next'];
/** By RefusedTraining. */
const REFUSED_TRAINING: Readonly<Record<string, Texts>> = {
  rows: ['failure.training-refused.rows', 'failure.training-refused.rows-next'],
  answer: ['failure.training-refused.answer', 'failure.training-refused.answer-next'],
  length: ['failure.training-refused.length', 'failure.training-refused.length-next'],
  rank: ['failure.training-refused.rank', 'failure.training-refused.rank-next'],
  targets: ['failure.training-refused.targets', 'failure.training-refused.targets-next'],
  memory: ['failure.training-refused.memory', 'failure.training-refused.memory-next'],
} satisfies Record<RefusedTraining, Texts>;

/** One code can need other words for other details. */
function messagesOf({ code, detail }: Failure): Texts {
  if (code === 'gated') {
    const title = detail['page'] === undefined ? 'failure.gated.host' : 'failure.gated.title';
    if (detail['token'] === 'sent')
      return [title, detail['status'] === 401 ? 'failure.gated.bad-token' : 'failure.gated.no-access'];
    return [title, detail['page'] === undefined ? 'failure.gated.host-next' : 'failure.gated.next'];
  }
  if (code === 'rate-limited' && detail['retryAfter'] !== undefined)
    return ['failure.rate-limited.title', 'failure.rate-limited.after'];
  if (code === 'context-full' && tokensOver(detail) > 0)
    return [
      'failure.context-full.alone',
      detail['perImage'] === undefined ? 'failure.context-full.shorten' : 'failure.context-full.fewer-images',
    ];
  if (code === 'training-refused') return REFUSED_TRAINING[String(detail['problem'])] ?? UNTRAINED;
  if (code === 'network' && detail['reason'] === 'stalled') return ['failure.network.stalled', 'failure.network.next'];
  return [`failure.${code}.title`, `failure.${code}.next`];
}
