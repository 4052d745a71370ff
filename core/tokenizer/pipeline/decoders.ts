import { joinBytes, strip } from '../bpe/decoder.ts';
import { bytesOfPiece } from './characters.ts';
import type { FindMatches } from './split.ts';

/** One step of decoding: pieces to pieces; in the end they are joined. */
export type Decode = (pieces: readonly string[]) => string[];

export const fuse: Decode = (pieces) => [pieces.join('')];

export const byteFallback: Decode = joinBytes;

/** Invalid UTF-8 becomes U+FFFD. */
export const byteLevelDecoder: Decode = (pieces) => {
  const bytes = Uint8Array.from(pieces.flatMap((piece) => Array.from(bytesOfPiece(piece))));
  // TextDecoder removes a leading byte order mark.
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? '\uFEFF' : '';
  return [mark + new TextDecoder().decode(bytes)];
};

export function stripDecoder(content: string, start: number, stop: number): Decode {
  return (pieces) => pieces.map((piece) => strip(piece, content, start, stop));
}

export function replaceDecoder(find: FindMatches, content: string): Decode {
  return (pieces) =>
    pieces.map((piece) => {
      let out = '';
      let from = 0;
      for (const { start, end } of find(piece)) {
        out += piece.slice(from, start) + content;
        from = end;
      }
      return out + piece.slice(from);
    });
}

export function metaspaceDecoder(replacement: string, prepends: boolean): Decode {
  return (pieces) =>
    pieces.map((piece, index) => piece.replaceAll(replacement, () => (index === 0 && prepends ? '' : ' ')));
}

export function wordPieceDecoder(prefix: string, cleanup: boolean): Decode {
  return (pieces) =>
    pieces.map((piece, index) => {
      const joined = index === 0 ? piece : piece.startsWith(prefix) ? piece.slice(prefix.length) : ` ${piece}`;
      return cleanup ? cleaned(joined) : joined;
    });
}

export function bpeDecoder(suffix: string): Decode {
  return (pieces) =>
    pieces.map((piece, index) => piece.replaceAll(suffix, () => (index === pieces.length - 1 ? '' : ' ')));
}

/** Spaces before punctuation and contractions, as `cleanup` of Hugging Face tokenizers. */
function cleaned(piece: string): string {
  return [
    [' .', '.'],
    [' ?', '?'],
    [' !', '!'],
    [' ,', ','],
    [" ' ", "'"],
    [" n't", "n't"],
    [" 'm", "'m"],
    [' do not', " don't"],
    [" 's", "'s"],
    [" 've", "'ve"],
    [" 're", "'re"],
  ].reduce((text, [from = '', to = '']) => text.replaceAll(from, to), piece);
}
