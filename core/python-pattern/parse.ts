/**
 * Parses a regular expression as Python 3.11 does (Lib/re/_parser.py), for `str` patterns. Rejects as unsupported:
 * backreferences, conditional, atomic and possessive groups, verbose patterns, `\N{…}`, and case-insensitive letters
 * beyond ASCII.
 */
import {
  anyCharacter,
  atEnd,
  atStart,
  categoryOf,
  inEitherCase,
  lineEnd,
  lineStart,
  wordBoundary,
} from './characters.ts';
import { checkCompatible, parseFlags, type Flags } from './flags.ts';
import { PatternReader } from './reader.ts';
import type { Pattern, PatternNode } from './syntax.ts';
import { widthOf } from './width.ts';

/** Maximum nesting of groups. No tool writes deeper patterns, and they could overflow the stack. */
const MAX_DEPTH = 50;
/** A step looks at one character, however many members a set has: what larger ones say of it is remembered. */
const FEW_MEMBERS = 16;
/** `MAXREPEAT` of CPython. */
const MAX_REPEAT = 2 ** 32 - 1;

/** @throws PatternError with the syntax error or unsupported feature, and the position of the character */
export function parsePattern(source: string): Pattern {
  return new Parser(source).parse();
}

class Parser {
  readonly #reader: PatternReader;
  readonly #names = new Set<string>();
  #flags: Flags = { ignoreCase: false, multiline: false, dotAll: false, ascii: false };
  /** Letters of all flags for the whole expression. */
  #globalFlags = '';
  #ignoresCase = false;

  constructor(source: string) {
    this.#reader = new PatternReader(source);
  }

  parse(): Pattern {
    const root = this.#alternatives(0);
    if (!this.#reader.done) throw this.#reader.error('unbalanced parenthesis');
    return { root, ignoresCase: this.#ignoresCase };
  }

  #alternatives(depth: number): PatternNode {
    if (depth > MAX_DEPTH) throw this.#reader.error(`groups more than ${MAX_DEPTH} deep are not supported`);
    const nodes = [this.#sequence(depth, depth === 0)];
    while (this.#reader.take('|')) nodes.push(this.#sequence(depth, false));
    return nodes.length === 1 && nodes[0] ? nodes[0] : { type: 'alternation', nodes };
  }

  /** @param isFirst true if global flags are allowed at its beginning */
  #sequence(depth: number, isFirst: boolean): PatternNode {
    const reader = this.#reader;
    const nodes: PatternNode[] = [];
    for (let next = reader.next; next !== undefined && next !== '|' && next !== ')'; next = reader.next) {
      reader.skip();
      if ('*+?{'.includes(next)) this.#quantify(next, nodes);
      else if (next === '(') nodes.push(...this.#group(depth, isFirst && nodes.length === 0));
      else nodes.push(this.#atom(next));
    }
    return { type: 'sequence', nodes: withRuns(nodes) };
  }

  #atom(character: string): PatternNode {
    const { multiline, dotAll } = this.#flags;
    if (character === '.') return { type: 'character', has: anyCharacter(dotAll) };
    if (character === '^') return { type: 'assertion', holds: lineStart(multiline) };
    if (character === '$') return { type: 'assertion', holds: lineEnd(multiline) };
    if (character === '[') return this.#set();
    if (character === '\\') return this.#escape();
    return this.#literal(character.codePointAt(0) ?? 0);
  }

  #literal(code: number): PatternNode {
    return { type: 'character', has: this.#cased((other) => other === code, code) };
  }

  /** @param highest largest code point in the expression */
  #cased(has: (code: number) => boolean, highest: number): (code: number) => boolean {
    if (!this.#flags.ignoreCase) return has;
    this.#ignoresCase = true;
    if (highest >= 128) throw this.#reader.error('the flag "i" with characters beyond ASCII is not supported');
    return inEitherCase(has);
  }

  #escape(): PatternNode {
    const { ascii } = this.#flags;
    const letter = this.#reader.next ?? '';
    const category = categoryOf(letter, ascii);
    const place = { A: atStart, Z: atEnd, b: wordBoundary(false, ascii), B: wordBoundary(true, ascii) };
    if (category) {
      this.#reader.skip();
      return { type: 'character', has: category };
    }
    if (letter === 'A' || letter === 'Z' || letter === 'b' || letter === 'B') {
      this.#reader.skip();
      return { type: 'assertion', holds: place[letter] };
    }
    return this.#literal(this.#reader.escapedCode(false));
  }

  /** Parses after "[". */
  #set(): PatternNode {
    const reader = this.#reader;
    const negative = reader.take('^');
    const parts: ((code: number) => boolean)[] = [];
    for (;;) {
      if (reader.done) throw reader.error('unterminated character set');
      if (parts.length > 0 && reader.take(']')) break;
      const low = this.#setMember();
      if (!reader.take('-')) {
        parts.push(this.#memberTest(low));
        continue;
      }
      if (reader.done) throw reader.error('unterminated character set');
      if (reader.take(']')) {
        parts.push(this.#memberTest(low), this.#memberTest(0x2d));
        break;
      }
      const high = this.#setMember();
      if (typeof low !== 'number' || typeof high !== 'number' || low > high) throw reader.error('bad character range');
      parts.push(this.#cased((code) => code >= low && code <= high, high));
    }
    const has = (code: number) => parts.some((part) => part(code)) !== negative;
    return { type: 'character', has: parts.length > FEW_MEMBERS ? remembered(has) : has };
  }

  #setMember(): number | ((code: number) => boolean) {
    if (!this.#reader.take('\\')) return this.#reader.get().codePointAt(0) ?? 0;
    const category = categoryOf(this.#reader.next ?? '', this.#flags.ascii);
    if (category) this.#reader.skip();
    return category ?? this.#reader.escapedCode(true);
  }

  #memberTest(member: number | ((code: number) => boolean)): (code: number) => boolean {
    return typeof member === 'number' ? this.#cased((code) => code === member, member) : member;
  }

  /** Parses after "*", "+", "?" or "{": repeats the last of `nodes`. A "{" that does not begin a repetition is a character. */
  #quantify(mark: string, nodes: PatternNode[]): void {
    const reader = this.#reader;
    const range = mark === '{' ? this.#range() : { min: mark === '+' ? 1 : 0, max: mark === '?' ? 1 : Infinity };
    if (!range) {
      nodes.push(this.#literal(0x7b));
      return;
    }
    const node = nodes.pop();
    if (!node || node.type === 'assertion') throw reader.error('nothing to repeat');
    if (node.type === 'repeat') throw reader.error('multiple repeat');
    if (reader.take('+')) throw reader.error('possessive quantifiers (such as "*+") are not supported');
    reader.take('?');
    nodes.push({ type: 'repeat', node, ...range });
  }

  /** `{2}`, `{2,}`, `{,2}`, `{2,3}`; undefined for anything else, without reading it. */
  #range(): { min: number; max: number } | undefined {
    const reader = this.#reader;
    const [text, low = '', comma, high = ''] = /^(\d*)(,?)(\d*)\}/u.exec(reader.ahead(/[\d,]/u)) ?? [];
    if (text === undefined || text === '}') return undefined;
    reader.skip(text.length);
    const min = low === '' ? 0 : Number(low);
    const max = comma === '' ? min : high === '' ? Infinity : Number(high);
    if (min >= MAX_REPEAT || (max !== Infinity && max >= MAX_REPEAT))
      throw reader.error('the repetition number is too large');
    if (max < min) throw reader.error('min repeat greater than max repeat');
    return { min, max };
  }

  /** Parses after "(". Comments and flags return no node. */
  #group(depth: number, mayBeGlobal: boolean): PatternNode[] {
    const reader = this.#reader;
    if (!reader.take('?')) return [this.#body(depth)];
    if (reader.take('#')) {
      reader.until(')', 'missing ), unterminated comment');
      return [];
    }
    if (reader.take('P')) return [this.#named(depth)];
    if (reader.take(':')) return [this.#body(depth)];
    if (reader.take('>')) throw reader.error('atomic groups "(?>…)" are not supported');
    if (reader.take('(')) throw reader.error('conditional groups "(?(…)…)" are not supported');
    const isBehind = reader.take('<');
    if (isBehind || reader.next === '=' || reader.next === '!') return [this.#look(depth, isBehind)];
    return this.#flagged(depth, mayBeGlobal);
  }

  /** Parses up to ")". Returns a sequence even for one node, so that a group around a repetition can be repeated. */
  #body(depth: number): PatternNode {
    const flags = this.#flags;
    const node = this.#alternatives(depth + 1);
    if (!this.#reader.take(')')) throw this.#reader.error('missing ), unterminated subpattern');
    this.#flags = flags;
    return { type: 'sequence', nodes: [node] };
  }

  #named(depth: number): PatternNode {
    const reader = this.#reader;
    if (reader.take('=')) throw reader.error('backreferences "(?P=name)" are not supported');
    if (!reader.take('<')) throw reader.error('unknown extension behind "?P"');
    const name = reader.until('>', 'missing >, unterminated name');
    if (!/^[\p{XIDS}_]\p{XIDC}*$/u.test(name)) throw reader.error(`bad group name "${name}"`);
    if (this.#names.has(name)) throw reader.error(`redefinition of the group name "${name}"`);
    this.#names.add(name);
    return this.#body(depth);
  }

  #look(depth: number, isBehind: boolean): PatternNode {
    const reader = this.#reader;
    const negative = reader.take('!');
    if (!negative && !reader.take('=')) throw reader.error('unknown extension behind "?<"');
    const node = this.#body(depth);
    const { min, max } = widthOf(node);
    if (isBehind && min !== max) throw reader.error('look-behind requires fixed-width pattern');
    return { type: 'look', node, negative, direction: isBehind ? 'backward' : 'forward' };
  }

  #flagged(depth: number, mayBeGlobal: boolean): PatternNode[] {
    const { flags, isGlobal, on } = parseFlags(this.#reader, this.#flags);
    if (isGlobal) {
      if (!mayBeGlobal) throw this.#reader.error('global flags not at the start of the expression');
      this.#globalFlags += on;
      checkCompatible(this.#globalFlags, this.#reader);
      this.#flags = flags;
      return [];
    }
    const outer = this.#flags;
    this.#flags = flags;
    const body = this.#body(depth);
    this.#flags = outer;
    return [body];
  }
}

function remembered(has: (code: number) => boolean): (code: number) => boolean {
  const known = new Map<number, boolean>();
  return (code) => {
    const before = known.get(code);
    if (before !== undefined) return before;
    const now = has(code);
    known.set(code, now);
    return now;
  };
}

/** Puts characters that follow each other into runs, which are matched faster. */
function withRuns(nodes: readonly PatternNode[]): PatternNode[] {
  const joined: PatternNode[] = [];
  let has: ((code: number) => boolean)[] = [];
  const end = () => {
    if (has.length > 0) joined.push({ type: 'run', has });
    has = [];
  };
  for (const node of nodes) {
    if (node.type === 'character') has.push(node.has);
    else {
      end();
      joined.push(node);
    }
  }
  end();
  return joined;
}
