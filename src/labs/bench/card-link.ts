/** A link that holds a run card. */
import { FailureError } from '#core/failure.ts';
import { MAX_RUN_CARD_BYTES, readRunCard, type RunCard } from '#core/run-card/run-card.ts';
import { packText, unpackText } from '../../platform/packed-text.ts';

/** Most characters of the whole address. Browsers accept more; mail programs and messengers cut longer ones. */
export const longestLink = 16_000;

/** Name of what a link holds, for messages. */
const LINK = '#/bench?card=…';

/** @param page address of the page, with or without a hash */
export async function linkTo(card: RunCard, page: string): Promise<string> {
  const url = new URL(page);
  url.hash = `#/bench?card=${await packText(JSON.stringify(card))}`;
  return url.href;
}

/** @throws FailureError file-broken for a link that is cut, too long or holds something else; it says why */
export async function cardOfLink(packed: string): Promise<RunCard> {
  if (packed.length > longestLink)
    throw new FailureError('too-large', { file: LINK, bytes: packed.length, limit: longestLink });
  let text: string;
  try {
    text = await unpackText(packed, MAX_RUN_CARD_BYTES);
  } catch (cause) {
    throw new FailureError('file-broken', { file: LINK, reason: 'the link is cut or was changed' }, { cause });
  }
  return readRunCard(text, LINK);
}
