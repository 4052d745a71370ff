import type { Failure } from '#core/failure.ts';
import type { MessageKey } from '../messages/messages.ts';
import { tWith } from '../platform/locale.svelte.ts';
import { tokensOver } from './failure-actions.ts';

/** @param about subject of the failure, if the failure does not name it */
export function failureText(failure: Failure, about?: string): { title: string; next: string } {
  const values = { ...(about ? { file: about } : {}), ...failure.detail, over: tokensOver(failure.detail) };
  const [title, next] = messagesOf(failure);
  return { title: tWith(title, values), next: tWith(next, values) };
}

/** One code can need other words for other details. */
function messagesOf({ code, detail }: Failure): [title: MessageKey, next: MessageKey] {
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
  if (code === 'network' && detail['reason'] === 'stalled') return ['failure.network.stalled', 'failure.network.next'];
  return [`failure.${code}.title`, `failure.${code}.next`];
}
