/** Opens a file that a visitor gave as text. */
import { FailureError } from '../failure.ts';
import { decodeText, EncodingError, type DecodedText } from './encoding.ts';
import { withLineFeeds } from './line-ends.ts';
import { NOT_TEXT_SAMPLE, notTextBy } from './not-text.ts';

/**
 * The text of a file with "\n" for its line ends.
 * @throws FailureError unknown-encoding, lfs-pointer, web-page, error-message
 */
export function textOfFile(bytes: Uint8Array, file: string): DecodedText {
  const { text, ...how } = decodedOrFailure(bytes, file);
  const found = notTextBy(text.slice(0, NOT_TEXT_SAMPLE));
  if (found?.kind === 'error-message') throw new FailureError('error-message', { file, reason: found.reason });
  if (found) throw new FailureError(found.kind, { file });
  return { text: withLineFeeds(text), ...how };
}

function decodedOrFailure(bytes: Uint8Array, file: string): DecodedText {
  try {
    return decodeText(bytes);
  } catch (error) {
    if (error instanceof EncodingError) throw new FailureError('unknown-encoding', { file }, { cause: error });
    throw error;
  }
}
