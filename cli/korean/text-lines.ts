/** Text of any size, line by line. */
import { isDecomposedHangul } from '#core/text/hangul.ts';
import { CommandError } from '../shared/errors.ts';
import { readTextPieces, type ReadTextOptions, type TextFile } from './text-file.ts';

/** A longer line means that the file has no line breaks. In UTF-16 units. */
const MAX_LINE_LENGTH = 2 ** 26;

export interface TextLines extends TextFile {
  lines: number;
  /** Lines with decomposed Hangul (NFD), as the file has them. */
  decomposed: number;
}

export interface ReadLinesOptions extends ReadTextOptions {
  /** Normalizes each line to NFC. */
  nfc?: boolean;
}

/**
 * Calls `take` with every line, without its line break: LF, CRLF, or CR alone.
 * @throws as `readTextPieces`, and CommandError for a line without end
 */
export async function eachLine(
  path: string,
  take: (line: string) => void,
  { nfc = false, ...options }: ReadLinesOptions = {},
): Promise<TextLines> {
  let decomposed = 0;
  const lines = new LineSplitter(path, (line) => {
    const isDecomposed = isDecomposedHangul(line);
    if (isDecomposed) decomposed++;
    take(nfc ? line.normalize('NFC') : line);
  });
  const file = await readTextPieces(path, (piece) => lines.add(piece), options);
  lines.end();
  return { ...file, lines: lines.count, decomposed };
}

/** Says what was done with decomposed Hangul; undefined if there was none. */
export function decomposedNote(what: string, decomposed: number, nfc: boolean): string | undefined {
  if (decomposed === 0) return undefined;
  return nfc
    ? `${what}: decomposed Hangul (NFD), composed to NFC as --nfc asks`
    : `${what}: decomposed Hangul (NFD), taken as it stands, in several times the tokens of composed text; --nfc composes it`;
}

class LineSplitter {
  count = 0;
  private rest = '';

  constructor(
    private readonly path: string,
    private readonly take: (line: string) => void,
  ) {}

  add(piece: string): void {
    const text = this.rest + piece;
    // A CR at the end may be half of a CRLF.
    const whole = text.endsWith('\r') ? text.length - 1 : text.length;
    let start = 0;
    const ends = /\r\n?|\n/g;
    // What was left over holds no line end, but for a CR at its end.
    ends.lastIndex = Math.max(0, this.rest.length - 1);
    for (let end = ends.exec(text); end && end.index < whole; end = ends.exec(text)) {
      this.give(text.slice(start, end.index));
      start = ends.lastIndex;
    }
    this.rest = text.slice(start);
    if (this.rest.length > MAX_LINE_LENGTH) {
      throw new CommandError(`line ${this.count + 1} of ${this.path} is longer than 64 MB; put one sentence on a line`);
    }
  }

  end(): void {
    if (this.rest !== '') this.give(this.rest.endsWith('\r') ? this.rest.slice(0, -1) : this.rest);
  }

  private give(line: string): void {
    this.count++;
    this.take(line);
  }
}
