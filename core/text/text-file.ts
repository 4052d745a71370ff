/** Opens a file that a visitor gave as text. */
import { FailureError } from '../failure.ts';
import { KIND_BYTES } from '../files/kind.ts';
import { refuseOther, refuseOtherText } from '../files/other-file.ts';
import { decodeText, EncodingError, type DecodedText } from './encoding.ts';
import { withLineFeeds } from './line-ends.ts';

/**
 * The text of a file with "\n" for its line ends.
 * @throws FailureError unknown-encoding, other-file
 */
export function textOfFile(
  bytes: Uint8Array,
  file: string,
  wanted: 'text' | 'pairs' | 'questions' = 'text',
): DecodedText {
  refuseOther(bytes, file, wanted);
  const { text, ...how } = decodedOrFailure(bytes, file);
  // A web page in UTF-16 is seen only now.
  refuseOtherText(text.slice(0, KIND_BYTES), file, wanted);
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
