/**
 * Translates regular expressions of Oniguruma, which Hugging Face tokenizers uses, into JavaScript's. What JavaScript reads in
 * another way is rewritten; what cannot be rewritten exactly is refused.
 */

import {
  ANCHORS,
  ANY,
  CONTROLS,
  FOLDED_PAIRS,
  LATIN_SIGNS,
  POSIX,
  PROPERTIES,
  SCRIPTS,
  SETS,
} from './oniguruma-sets.ts';
import { MAX_WAYS, repeatedWays } from './ways.ts';

/** The expression is outside of what is translated. The message names the construct. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** @returns the same expression with the flags `g` and `v` @throws PatternError */
export function translateOniguruma(source: string): RegExp {
  const translated = new Translator(source).whole();
  try {
    return new RegExp(translated, 'gv');
  } catch (error) {
    throw new PatternError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

class Translator {
  private at = 0;
  private atomics = 0;
  private behind = 0;
  /** Logarithm to base 2 of the ways in which what was read so far may match one text, all of which a failing match tries. */
  private ways = 0;

  constructor(private readonly source: string) {}

  whole(): string {
    const translated = this.alternatives(false);
    if (this.at < this.source.length) throw new PatternError(`")" at ${this.at}`);
    return translated;
  }

  private alternatives(fold: boolean): string {
    const { ways } = this;
    const branches: string[] = [];
    let sum = 0;
    do {
      this.ways = 0;
      branches.push(this.sequence(fold));
      sum += 2 ** this.ways;
    } while (this.take('|'));
    this.ways = ways + Math.log2(sum);
    return branches.join('|');
  }

  private sequence(fold: boolean): string {
    let out = '';
    let before = '';
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at]!)) {
      const { at: start, ways } = this;
      const { text, quantifiable } = this.atom(fold);
      const letter = this.at === start + 1 ? this.source[start]!.toLowerCase() : '';
      if (fold && FOLDED_PAIRS.has(before + letter)) throw new PatternError(`(?i:${before}${letter})`);
      const quantified = this.quantified(text, quantifiable, ways);
      before = letter;
      out += quantified;
    }
    return out;
  }

  /** @param before `ways` before the atom */
  private quantified(atom: string, quantifiable: boolean, before: number): string {
    const rest = this.source.slice(this.at);
    const braces = /^\{(\d*)(?:(,)(\d*))?\}/.exec(rest);
    const isInterval = braces !== null && (braces[1] !== '' || (braces[3] ?? '') !== '');
    const sign = /^[*+?]/.exec(rest)?.[0];
    if (!isInterval && sign === undefined) return atom;
    if (!quantifiable) throw new PatternError(`a quantifier at ${this.at}`);
    const quantifier = isInterval ? `{${braces[1] || '0'}${braces[2] ?? ''}${braces[3] ?? ''}}` : sign!;
    const most = isInterval ? Number(braces[3] || (braces[2] === undefined ? braces[1] : Infinity)) : Infinity;
    this.ways = before + repeatedWays(this.ways - before, sign === '?' ? 1 : most, isInterval && !braces[2]);
    // "(a+)+b" tries every way to cut a text of "a": the time doubles with each letter, and nothing can stop it.
    if (this.ways > MAX_WAYS)
      throw new PatternError(`${JSON.stringify(quantifier)} at ${this.at}, which may never end`);
    this.at += isInterval ? braces[0].length : 1;
    const next = this.source[this.at];
    let out = atom + quantifier;
    if (next === '?' && !(isInterval && braces[2] === undefined)) {
      out += '?';
      this.at++;
    } else if (next === '+' && !isInterval) {
      out = this.atomic(out);
      this.ways = before;
      this.at++;
    }
    if (/^(?:[*+?]|\{\d*,?\d*\})/.test(this.source.slice(this.at))) throw new PatternError(`"${quantifier}${next}"`);
    return out;
  }

  /** What was matched once is not given up again. */
  private atomic(inner: string): string {
    if (this.behind > 0) throw new PatternError('a possessive quantifier or atomic group in a lookbehind');
    const name = `atomic${this.atomics++}`;
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`;
  }

  private atom(fold: boolean): { text: string; quantifiable: boolean } {
    const character = String.fromCodePoint(this.source.codePointAt(this.at)!);
    if (character === '(') return this.group(fold);
    if (character === '[') return { text: this.brackets(fold), quantifiable: true };
    if (character === '\\') return this.escape(fold);
    this.at += character.length;
    if (character === '.') return { text: '[^\\n]', quantifiable: true };
    if (character === '^') return { text: `(?:(?<!${ANY})|(?<=\\n)(?=${ANY}))`, quantifiable: false };
    if (character === '$') return { text: `(?=\\n|(?!${ANY}))`, quantifiable: false };
    if ('*+?'.includes(character)) throw new PatternError(`"${character}" at ${this.at - 1}`);
    if (character === '{' && /^[\d,]/.test(this.source.slice(this.at))) throw new PatternError(`"{" at ${this.at - 1}`);
    return { text: literal(character, fold), quantifiable: true };
  }

  private group(fold: boolean): { text: string; quantifiable: boolean } {
    const opening = /^\((?:\?(?:i:|<[=!]|[:=!>])|(?!\?))/.exec(this.source.slice(this.at))?.[0];
    if (opening === undefined) throw new PatternError(`"${this.source.slice(this.at, this.at + 4)}"`);
    this.at += opening.length;
    const isBehind = opening === '(?<=' || opening === '(?<!';
    const { ways } = this;
    if (isBehind) this.behind++;
    const inner = this.alternatives(fold || opening === '(?i:');
    if (isBehind) this.behind--;
    if (!this.take(')')) throw new PatternError('"(" that is not closed');
    if (opening === '(?>') {
      this.ways = ways;
      return { text: this.atomic(inner), quantifiable: true };
    }
    if (opening === '(' || opening === '(?i:' || opening === '(?:') return { text: `(?:${inner})`, quantifiable: true };
    return { text: `${opening}${inner})`, quantifiable: false };
  }

  private escape(fold: boolean): { text: string; quantifiable: boolean } {
    const anchor = ANCHORS.get(this.source[this.at + 1] ?? '');
    if (anchor !== undefined) {
      this.at += 2;
      return { text: anchor, quantifiable: false };
    }
    const set = this.set(fold);
    if (set !== undefined) return { text: set, quantifiable: true };
    return { text: literal(this.escapedCharacter(), fold), quantifiable: true };
  }

  /** `\s`, `\p{L}`, …; undefined if the escape is of one character. */
  private set(fold: boolean): string | undefined {
    const name = this.source[this.at + 1] ?? '';
    const set = SETS.get(name);
    if (set !== undefined) {
      if (fold && !'sSdD'.includes(name)) throw new PatternError(`(?i:\\${name})`);
      this.at += 2;
      return set;
    }
    if (name !== 'p' && name !== 'P') return undefined;
    const property = /^\\[pP]\{(\^?)(\w+)\}/.exec(this.source.slice(this.at));
    const known =
      property &&
      (PROPERTIES.has(property[2]!) ? property[2] : SCRIPTS.has(property[2]!) ? `Script=${property[2]}` : '');
    if (!property || !known) throw new PatternError(this.source.slice(this.at, this.at + 12));
    if (fold && !known.startsWith('N') && !known.startsWith('Z')) throw new PatternError(`(?i:${property[0]})`);
    this.at += property[0].length;
    return `\\${(name === 'P') !== (property[1] === '^') ? 'P' : 'p'}{${known}}`;
  }

  private escapedCharacter(): string {
    const rest = this.source.slice(this.at);
    const hex = /^\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4}))/.exec(rest);
    if (hex) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16);
      // \x80 to \xFF are single bytes to Oniguruma, not characters.
      if ((hex[1] !== undefined && code > 0x7f) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        throw new PatternError(hex[0]);
      this.at += hex[0].length;
      return String.fromCodePoint(code);
    }
    const character = String.fromCodePoint(rest.codePointAt(1) ?? 0);
    this.at += 1 + character.length;
    const control = CONTROLS.get(character);
    if (control !== undefined) return String.fromCharCode(control);
    if (rest.length < 2 || /[A-Za-z0-9]/.test(character) || (character.codePointAt(0) ?? 0) > 0x7f)
      throw new PatternError(`\\${character}`);
    return character;
  }

  /** A class in brackets, with nested ones and `&&`. */
  private brackets(fold: boolean): string {
    const start = this.at++;
    const negated = this.take('^');
    if (fold && negated) throw new PatternError('(?i:[^…])');
    if (this.source[this.at] === ']') throw new PatternError('"]" first in brackets');
    const operands: string[] = [];
    let items = '';
    while (!this.take(']')) {
      if (this.at >= this.source.length) throw new PatternError(`"[" at ${start} that is not closed`);
      if (this.source.startsWith('&&', this.at)) {
        this.at += 2;
        operands.push(items);
        items = '';
      } else items += this.item(fold);
    }
    operands.push(items);
    if (operands.includes('')) throw new PatternError('"&&" without an operand');
    const inner = operands.length === 1 ? items : operands.map((operand) => `[${operand}]`).join('&&');
    return `[${negated ? '^' : ''}${inner}]`;
  }

  private item(fold: boolean): string {
    const rest = this.source.slice(this.at);
    const posix = /^\[:(\^?)(\w+):\]/.exec(rest);
    if (posix) {
      const set = POSIX.get(posix[2]!);
      if (set === undefined || fold) throw new PatternError(posix[0]);
      this.at += posix[0].length;
      return `[${posix[1]}${set}]`;
    }
    if (rest.startsWith('[')) return this.brackets(fold);
    const set = rest.startsWith('\\') ? this.set(fold)?.replace(LATIN_SIGNS, '') : undefined;
    if (set !== undefined) {
      if (/^-[^\]]/.test(this.source.slice(this.at)))
        throw new PatternError(`"-" after ${rest.slice(0, 2)} in brackets`);
      return set;
    }
    const first = this.classCharacter();
    if (!/^-[^\]]/.test(this.source.slice(this.at))) return foldedItem(first, first, fold);
    this.at++;
    if (/^(?:\[|\\[sSdDwWhHpP]|-|&&)/.test(this.source.slice(this.at))) throw new PatternError('"-" in brackets');
    const last = this.classCharacter();
    if (last.codePointAt(0)! < first.codePointAt(0)!) throw new PatternError(`[${first}-${last}]`);
    return foldedItem(first, last, fold);
  }

  private classCharacter(): string {
    const character = String.fromCodePoint(this.source.codePointAt(this.at)!);
    if (character === '\\' && this.source[this.at + 1] === 'b') {
      this.at += 2;
      return '\b';
    }
    if (character === '\\') return this.escapedCharacter();
    this.at += character.length;
    return character;
  }

  private take(expected: string): boolean {
    if (!this.source.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }
}

function literal(character: string, fold: boolean): string {
  return fold ? `[${foldedItem(character, character, true)}]` : coded(character);
}

function coded(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** A character or range of a class; with `fold`, also in the other case: `s` is also `ſ`, and `k` the Kelvin sign. */
function foldedItem(first: string, last: string, fold: boolean): string {
  const range = first === last ? coded(first) : `${coded(first)}-${coded(last)}`;
  if (!fold) return range;
  if (last > '\x7f') {
    if (first !== last || /[\p{L}\p{M}]/u.test(first) || first.toUpperCase() !== first.toLowerCase())
      throw new PatternError(`(?i:${first})`);
    return range;
  }
  let out = range;
  for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code++) {
    const letter = String.fromCharCode(code).toLowerCase();
    if (letter < 'a' || letter > 'z') continue;
    out += coded(letter) + coded(letter.toUpperCase());
    if (letter === 's') out += '\\u{17f}';
    if (letter === 'k') out += '\\u{212a}';
  }
  return out;
}
