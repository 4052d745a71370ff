/** Reads a pattern character by character. */
import { PatternError } from './syntax.ts';

const ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };
/** Escape letters followed by hexadecimal digits, with the number of digits. */
const HEXADECIMAL: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

export class PatternReader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#characters = Array.from(source);
  }

  get done(): boolean {
    return this.#at >= this.#characters.length;
  }

  get next(): string | undefined {
    return this.#characters[this.#at];
  }

  /** The next characters as long as they are of a kind, and the one behind them; nothing is read. */
  ahead(kind: RegExp): string {
    let end = this.#at;
    while (kind.test(this.#characters[end] ?? '')) end++;
    return this.#characters.slice(this.#at, end + 1).join('');
  }

  skip(count = 1): void {
    this.#at += count;
  }

  get(): string {
    const { next } = this;
    if (next === undefined) throw this.error('unexpected end of pattern');
    this.#at++;
    return next;
  }

  take(character: string): boolean {
    if (this.next !== character) return false;
    this.#at++;
    return true;
  }

  /** Reads up to and including `end`; returns the text before it. @throws PatternError with `missing` if there is no `end` */
  until(end: string, missing: string): string {
    const found = this.#characters.indexOf(end, this.#at);
    if (found < 0) throw this.error(missing);
    const text = this.#characters.slice(this.#at, found).join('');
    this.#at = found + 1;
    return text;
  }

  /** Code point of an escape, parsed after "\". @param inSet true inside "[…]" */
  escapedCode(inSet: boolean): number {
    if (this.done) throw this.error('bad escape (end of pattern)');
    const letter = this.get();
    const simple = letter === 'b' && inSet ? 8 : ESCAPES[letter];
    if (simple !== undefined) return simple;
    const digits = HEXADECIMAL[letter];
    if (digits !== undefined) return this.#hexadecimal(letter, digits);
    if (letter === 'N') throw this.error('character names "\\N{…}" are not supported');
    if (/[0-9]/u.test(letter)) return this.#octal(letter, inSet);
    if (/[A-Za-z]/u.test(letter)) throw this.error(`bad escape \\${letter}`);
    return letter.codePointAt(0) ?? 0;
  }

  #hexadecimal(letter: string, digits: number): number {
    const text = this.#while(/[0-9A-Fa-f]/u, digits);
    const code = Number.parseInt(text, 16);
    if (text.length !== digits || code > 0x10ffff) throw this.error(`bad escape \\${letter}${text}`);
    return code;
  }

  #octal(first: string, inSet: boolean): number {
    const isOctal = first <= '7';
    if (inSet ? isOctal : first === '0') return this.#octalCode(first + this.#while(/[0-7]/u, 2));
    if (inSet) throw this.error(`bad escape \\${first}`);
    const three = /^[0-7]{2}/u.exec(this.#characters.slice(this.#at, this.#at + 2).join(''))?.[0];
    if (!isOctal || three === undefined) throw this.error('backreferences such as "\\1" are not supported');
    this.skip(2);
    return this.#octalCode(first + three);
  }

  #octalCode(text: string): number {
    const code = Number.parseInt(text, 8);
    if (code > 0o377) throw this.error(`the octal escape \\${text} is outside of range 0-0o377`);
    return code;
  }

  #while(kind: RegExp, most: number): string {
    let text = '';
    while (text.length < most && this.next !== undefined && kind.test(this.next)) text += this.get();
    return text;
  }

  error(reason: string): PatternError {
    return new PatternError(`${reason}, at character ${this.#at}`);
  }
}
