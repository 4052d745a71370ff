import { byteOf } from '../bpe/decoder.ts';
import { PIECE_TYPE, type SentencePieceFile } from './file.ts';

/** As `SentencePieceProcessor::Decode`. Unknown ids are skipped. */
export function decodeSentencePiece(file: SentencePieceFile, ids: Iterable<number>): string {
  const { addDummyPrefix, removeExtraWhitespaces } = file.normalizer;
  let text = '';
  let bytes: number[] = [];
  let atStart = true;
  let prefixTaken = false;
  const flush = () => {
    // As in SentencePiece, each byte that does not begin a valid character becomes one U+FFFD.
    for (let at = 0; at < bytes.length;) {
      const length = characterLength(bytes, at);
      text += length === 0 ? '\uFFFD' : String.fromCodePoint(codePoint(bytes, at, length));
      at += Math.max(1, length);
    }
    bytes = [];
  };
  for (const id of ids) {
    const entry = file.pieces[id];
    if (!entry) continue;
    if (entry.type === PIECE_TYPE.byte) {
      bytes.push(byteOf(entry.piece) ?? 0);
      continue;
    }
    flush();
    if (prefixTaken || text !== '') atStart = false;
    prefixTaken = false;
    if (entry.type === PIECE_TYPE.control) continue;
    if (entry.type === PIECE_TYPE.unknown) {
      text += file.unknownSurface;
      continue;
    }
    let { piece } = entry;
    if (atStart && (addDummyPrefix || removeExtraWhitespaces) && piece.startsWith('▁')) {
      piece = piece.slice(1);
      // With remove_extra_whitespaces, all leading white space is removed.
      prefixTaken = !removeExtraWhitespaces;
    }
    text += piece.replaceAll('▁', ' ');
  }
  flush();
  return text;
}

/** Number of bytes of the character at `at`; 0 if invalid: overlong forms, surrogates and truncated sequences. */
function characterLength(bytes: readonly number[], at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (first >= 0x80 && first < 0xc2) return 0;
  for (let next = 1; next < length; next++) if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return 0;
  const code = codePoint(bytes, at, length);
  if (length === 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return 0;
  if (length === 4 && (code < 0x10000 || code > 0x10ffff)) return 0;
  return length;
}

function codePoint(bytes: readonly number[], at: number, length: number): number {
  let code = (bytes[at] ?? 0) & [0, 0x7f, 0x1f, 0x0f, 0x07][length]!;
  for (let next = 1; next < length; next++) code = (code << 6) | ((bytes[at + next] ?? 0) & 0x3f);
  return code;
}
