/** Flags within a pattern: `(?i)`, `(?i-s:…)`. */
import type { PatternReader } from './reader.ts';

export interface Flags {
  /** i */
  ignoreCase: boolean;
  /** m */
  multiline: boolean;
  /** s */
  dotAll: boolean;
  /** a; its opposite is u, the default */
  ascii: boolean;
}

const NAMES: Readonly<Record<string, keyof Flags>> = { i: 'ignoreCase', m: 'multiline', s: 'dotAll', a: 'ascii' };

/** Parses from the first flag to ")" (global flags, for the whole expression) or to ":". @throws PatternError */
export function parseFlags(reader: PatternReader, outer: Flags): { flags: Flags; isGlobal: boolean } {
  const [text] = /^[a-zA-Z]*(-[a-zA-Z]+)?[:)]/u.exec(reader.rest) ?? [];
  if (text === undefined) throw reader.error('unknown extension behind "(?"');
  reader.skip(text.length);
  const [on = '', off] = text.slice(0, -1).split('-');
  const isGlobal = text.endsWith(')');
  if ((isGlobal && off !== undefined) || (on === '' && off === undefined))
    throw reader.error('flags are neither set nor unset');
  const flags = { ...outer };
  for (const flag of on) {
    const name = flagNamed(flag, reader);
    if (name) flags[name] = true;
    else flags.ascii = false;
  }
  if (on.includes('a') && on.includes('u')) throw reader.error('the flags "a" and "u" are incompatible');
  for (const flag of off ?? '') {
    const name = flagNamed(flag, reader);
    if (!name || name === 'ascii') throw reader.error('the flags "a" and "u" cannot be turned off');
    if (on.includes(flag)) throw reader.error(`the flag "${flag}" is turned on and off`);
    flags[name] = false;
  }
  return { flags, isGlobal };
}

/** Undefined for "u". */
function flagNamed(flag: string, reader: PatternReader): keyof Flags | undefined {
  if (flag === 'x') throw reader.error('the flag "x" (verbose) is not supported');
  const name = NAMES[flag];
  if (!name && flag !== 'u') throw reader.error(`unknown flag "${flag}"`);
  return name;
}
