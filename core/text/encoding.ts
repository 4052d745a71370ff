/** Decodes text files in the encodings in which Korean text is saved. */
import { concatBytes } from '../bytes.ts';
import { addedPairs, Cp949Decoder } from './cp949.ts';

/** Labels of the Encoding standard, whose `euc-kr` is CP949. */
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'euc-kr';

/** The file is in none of these encodings. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError';
}

/** Bytes after the first non-ASCII one that the guess is made from, at least; fewer only at the end of the file. */
const SAMPLE = 4096;
/** In UTF-16 without a mark, this share of the units must be what Korean and English text is made of. */
const USUAL_IN_UTF16 = 0.95;
/** In CP949, this share of the characters beyond ASCII must be Hangul syllables: EUC-JP and GB 2312 decode too, to other characters. */
const SYLLABLES_IN_CP949 = 0.75;

/** In CP949, at most this share of the pairs, or this number, is none of KS X 1001; Shift_JIS and Johab have more. */
const ADDED_IN_CP949 = { share: 0.2, number: 2 };
/** ISO-2022 switches to Korean, Japanese or Chinese by such a sequence; all its bytes are ASCII. */
// eslint-disable-next-line no-control-regex -- the sequence begins with ESC
const ISO_2022 = /\x1b\$[()]?[A-Z@]/;

const USUAL =
  /[\t\n\r\x20-\x7e\u00a0-\u00ff\u1100-\u11ff\u2010-\u203b\u3000-\u3020\u3131-\u318e\uac00-\ud7a3]|[\u{1f000}-\u{1faff}]/gu;
/** They join emoji, and stand behind them. */
const JOINERS = /\u200d|\ufe0f/g;
const SYLLABLES = /[가-힣]/g;
const WIDE_LETTERS = /[^\p{ASCII}\u2010-\u203b\u3000-\u3020\uff01-\uff5e\u00b0-\u00d7]/gu;

/**
 * Decodes a text piece by piece. The encoding is that of the byte order mark; without one it is guessed at the first bytes
 * beyond ASCII. The mark is not part of the text.
 */
export class TextFileDecoder {
  /** Undefined as long as all bytes are ASCII, which is the same in UTF-8 and CP949. */
  encoding: TextEncoding | undefined;
  /** True if a byte order mark names the encoding, false if it was guessed. */
  hasMark = false;
  #decoder: Decoder | undefined;
  #pending = new Uint8Array();
  /** True once text was returned; UTF-16 is recognised at the start only. */
  #started = false;

  /** @throws EncodingError if the bytes are in no supported encoding */
  add(chunk: Uint8Array): string {
    return this.#decode(chunk, false);
  }

  /** The text of the last bytes. @throws EncodingError as `add` */
  end(): string {
    return this.#decode(new Uint8Array(), true);
  }

  #decode(chunk: Uint8Array, last: boolean): string {
    if (this.#decoder) return decoded(this.#decoder, chunk, !last);
    const bytes = concatBytes([this.#pending, chunk]);
    const wide = bytes.findIndex((byte) => byte >= 0x80 || byte === 0);
    if (wide === -1) {
      this.#pending = new Uint8Array();
      const text = ascii(bytes);
      if (!this.#started && ISO_2022.test(text)) throw new EncodingError('ISO-2022');
      this.#started ||= bytes.length > 0;
      return text;
    }
    if (!last && bytes.length - wide < SAMPLE) {
      this.#pending = bytes;
      return '';
    }
    this.#pending = new Uint8Array();
    const marked = this.#started ? undefined : markOf(bytes);
    this.hasMark = marked !== undefined;
    this.encoding = marked ?? guess(bytes, last, !this.#started);
    this.#decoder = decoderOf(this.encoding);
    return decoded(this.#decoder, bytes, !last);
  }
}

export interface DecodedText {
  text: string;
  encoding: TextEncoding;
  /** True if the encoding was guessed, so that a reader must be told; UTF-8 needs no telling. */
  guessed: boolean;
}

/** @throws EncodingError if the bytes are in no supported encoding */
export function decodeText(bytes: Uint8Array): DecodedText {
  const decoder = new TextFileDecoder();
  const text = decoder.add(bytes) + decoder.end();
  const { encoding = 'utf-8', hasMark } = decoder;
  return { text, encoding, guessed: encoding !== 'utf-8' && !hasMark };
}

/** @throws EncodingError for UTF-32 */
function markOf(bytes: Uint8Array): TextEncoding | undefined {
  const [a, b, c, d] = bytes;
  const utf32 = (a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff);
  if (utf32) throw new EncodingError('UTF-32');
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  return undefined;
}

function guess(bytes: Uint8Array, whole: boolean, atStart: boolean): TextEncoding {
  // No text in UTF-8 or CP949 holds NUL.
  if (!bytes.includes(0) && attempt('utf-8', bytes, whole) !== undefined) return 'utf-8';
  // Text in UTF-16 has a NUL in every space, line end and Latin letter; pairs of CP949 bytes would pass for its syllables.
  if (atStart && bytes.includes(0)) {
    const [order] = (['utf-16le', 'utf-16be'] as const)
      .map((encoding) => ({ encoding, share: shareOf(USUAL, attempt(encoding, bytes, whole)?.replace(JOINERS, '')) }))
      .sort((one, other) => other.share - one.share);
    if (order && order.share >= USUAL_IN_UTF16) return order.encoding;
  }
  const korean = bytes.includes(0) ? undefined : attempt('euc-kr', bytes, whole);
  const wide = korean?.match(WIDE_LETTERS)?.join('');
  if (wide !== undefined && shareOf(SYLLABLES, wide) >= SYLLABLES_IN_CP949 && isKorean(bytes)) return 'euc-kr';
  throw new EncodingError('unknown');
}

function isKorean(cp949: Uint8Array): boolean {
  const { added, pairs } = addedPairs(cp949);
  return added <= Math.max(ADDED_IN_CP949.number, pairs * ADDED_IN_CP949.share);
}

/** @returns undefined if the bytes are invalid; an incomplete character at the end is valid unless they are the whole text */
function attempt(encoding: TextEncoding, bytes: Uint8Array, whole: boolean): string | undefined {
  try {
    return decoderOf(encoding).decode(bytes, { stream: !whole });
  } catch {
    return undefined;
  }
}

function shareOf(pattern: RegExp, text: string | undefined): number {
  return text === undefined || text === '' ? 0 : (text.match(pattern)?.length ?? 0) / Array.from(text).length;
}

type Decoder = Pick<TextDecoder, 'decode'>;

function decoderOf(encoding: TextEncoding): Decoder {
  return encoding === 'euc-kr' ? new Cp949Decoder() : new TextDecoder(encoding, { fatal: true });
}

function decoded(decoder: Decoder, bytes: Uint8Array, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch (error) {
    throw new EncodingError('invalid', { cause: error });
  }
}

function ascii(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
