/** Patterns of modules against what Python's `re` says of them (tests/reference/python_patterns.py), and those that run away. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { moduleRules, parseAdapterConfig } from '#core/lora/config.ts';
import {
  MAX_NAME_LENGTH,
  MAX_PATTERN_LENGTH,
  MAX_PATTERNS,
  MAX_STEPS,
  moduleMatcher,
  rankPatternMatcher,
  type ModuleMatcher,
} from '#core/lora/module-pattern.ts';
import { StepBudget } from '#core/python-pattern/match.ts';
import { PatternReader } from '#core/python-pattern/reader.ts';
import { PatternError } from '#core/python-pattern/syntax.ts';

interface Case {
  pattern: string;
  /** Indices of the names that match; null where Python refuses the pattern. */
  fullmatch: number[] | null;
  key: number[] | null;
}

interface Table {
  names: string[];
  cases: Case[];
  shortNames: string[];
  runawayCases: Case[];
  randomNames: string[];
  randomCases: Case[];
}

const folder = new URL('../../fixtures/adapters/', import.meta.url);
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
const table = read('python-patterns.json') as Table;

/** Indices of the names that match; null where the pattern is refused. */
function matching(make: () => ModuleMatcher | undefined, names: readonly string[]): number[] | null {
  let matches: ModuleMatcher | undefined;
  try {
    matches = make();
  } catch (error) {
    if (error instanceof PatternError) return null;
    throw error;
  }
  return [...names.keys()].filter((index) => matches?.(names[index] ?? '', new StepBudget(MAX_STEPS)));
}

function check({ pattern, fullmatch, key }: Case, names: readonly string[]): void {
  expect([pattern, matching(() => moduleMatcher(pattern), names)]).toEqual([pattern, fullmatch]);
  expect([pattern, matching(() => rankPatternMatcher(pattern), names)]).toEqual([pattern, key]);
}

const isAscii = (name: string) => /^[\0-\x7f]*$/u.test(name);

describe('patterns match as in Python', () => {
  it.each(table.cases.filter(({ pattern }) => !/\(\?[sm-]*i/u.test(pattern)))('$pattern', (one) => {
    check(one, table.names);
  });

  it.each(table.cases.filter(({ pattern }) => /\(\?[sm-]*i/u.test(pattern)))('$pattern', (one) => {
    // Case is ignored in ASCII names alone; others are refused.
    const names = table.names.filter(isAscii);
    const among = (indices: number[] | null) =>
      indices?.flatMap((index) => {
        const at = names.indexOf(table.names[index] ?? '');
        return at < 0 ? [] : [at];
      }) ?? null;
    check({ ...one, fullmatch: among(one.fullmatch), key: among(one.key) }, names);
  });

  it.each(table.runawayCases)('$pattern, which takes Python exponential time', (one) => {
    check(one, table.shortNames);
  });

  it('for 400 random patterns', () => {
    expect(table.randomCases).toHaveLength(400);
    for (const one of table.randomCases) check(one, table.randomNames);
  });
});

describe('what cannot be matched as Python does is refused by name', () => {
  it.each([
    ['(a)\\1', /backreferences such as "\\1"/],
    ['(?P<n>a)(?P=n)', /backreferences "\(\?P=name\)"/],
    ['(a)?(?(1)b|c)', /conditional groups/],
    ['(?>a+)b', /atomic groups/],
    ['a*+b', /possessive quantifiers/],
    ['a{2}+', /possessive quantifiers/],
    ['(?x)a b', /verbose/],
    ['\\N{DIGIT ONE}', /character names/],
    ['(?i)é', /the flag "i" with characters beyond ASCII/],
    ['(?i)[^\\x00-\\xff]', /the flag "i" with characters beyond ASCII/],
    ['('.repeat(60) + ')'.repeat(60), /groups more than 50 deep/],
    ['a'.repeat(MAX_PATTERN_LENGTH + 1), /has a pattern of 20001 characters/],
  ])('%s', (pattern, message) => {
    expect(() => moduleMatcher(pattern)).toThrow(message);
    expect(() => rankPatternMatcher(pattern)).toThrow(/supported|read|global flags/);
  });

  it('also names that are too long, and those whose case is not known', () => {
    const budget = new StepBudget(MAX_STEPS);
    expect(() => moduleMatcher('.*')?.('a'.repeat(MAX_NAME_LENGTH + 1), budget)).toThrow(/a name of 513 characters/);
    expect(() => moduleMatcher('(?i)k')?.('\u212a', budget)).toThrow(/ASCII names alone/);
  });
});

describe('lists of names', () => {
  const budget = new StepBudget(MAX_STEPS);

  it('hold names or their ends behind a dot', () => {
    const matches = moduleMatcher(['q_proj', 'mlp.up_proj', 'lm_head']);
    const names = ['a.q_proj', 'q_proj', 'aq_proj', 'q_proj.a', 'a.mlp.up_proj', 'a.up_proj', 'lm_head'];
    expect(names.map((name) => matches?.(name, budget))).toEqual([true, true, false, false, true, false, true]);
  });

  it('are bounded, and hold nothing but names', () => {
    expect(moduleMatcher('all-linear')).toBeUndefined();
    expect(moduleMatcher(null)).toBeUndefined();
    expect(() => moduleMatcher(['q_proj', 3])).toThrow(/lists 3, which is not a name/);
    expect(() => moduleMatcher(7)).toThrow(/neither a string nor a list/);
    expect(() => moduleMatcher(Array<string>(MAX_PATTERNS + 1).fill('a'))).toThrow(/lists 4097 names/);
  });
});

/** Names of the projections of a Gemma 3 with this many layers. */
function projections(layers: number): string[] {
  const attention = ['q', 'k', 'v', 'o'].map((name) => `self_attn.${name}_proj`);
  const mlp = ['gate', 'up', 'down'].map((name) => `mlp.${name}_proj`);
  return Array.from({ length: layers }, (_, layer) =>
    [...attention, ...mlp].map((name) => `model.language_model.layers.${layer}.${name}`),
  ).flat();
}

// Without the budget of steps each of these runs into the test's own limit.
describe('a hostile adapter_config.json comes to an end', () => {
  const plain = { peft_type: 'LORA', r: 4, lora_alpha: 8 };

  it.each([
    ['(([a-z0-9_.])+)+!'],
    ['((((.*)*)*)*)*!'],
    ['(.*){4000}(.*){4000}(.*){4000}!'],
    ['(?:.*a|.*b|.*c|.*d){1,1000}!'],
    ['(?=(?=(?=(?=.*.*!).*).*).*).*'],
    ['(?:(?=.*!)|.)*!'],
    [`(${'(.*'.repeat(40)}${')*'.repeat(40)})!`],
    ['.*'.repeat(9000)],
    ['(?:a|b|c|d|e|.)*'.repeat(1000)],
  ])('%s', (pattern) => {
    const outcomes = [{ rank_pattern: { [pattern]: 2 } }, { target_modules: pattern }].map((hostile) => {
      const { settings, isTarget } = moduleRules(parseAdapterConfig({ ...plain, ...hostile }));
      try {
        return projections(62).map((name) => [settings(name).rank, isTarget(name)]);
      } catch (error) {
        return error;
      }
    });
    for (const outcome of outcomes)
      if (outcome instanceof Error) expect(outcome.message).toMatch(/more than 10000000 steps/);
      else expect(outcome).toHaveLength(434);
  });

  it('and a rank for each projection of the 27B model stays within the steps', () => {
    const names = projections(62);
    const ranks = Object.fromEntries(names.map((name, index) => [name, 1 + (index % 64)]));
    const { settings } = moduleRules(parseAdapterConfig({ ...plain, rank_pattern: ranks, alpha_pattern: ranks }));
    expect(names.map((name) => settings(name).rank)).toEqual(Object.values(ranks));
  });
});

describe('shared cases', () => {
  const names = projections(3);

  it('regex-escape: escapes that Python allows', () => {
    const { settings, isTarget } = moduleRules(parseAdapterConfig(read('regex-escape.adapter_config.json')));
    const scales = new Map(names.map((name) => [name, settings(name).scale]));
    expect(scales.get('model.language_model.layers.0.self_attn.q_proj')).toBe(64 / 8);
    expect(scales.get('model.language_model.layers.1.mlp.up_proj')).toBe(2 / 8);
    expect([...scales.values()].filter((scale) => scale !== 16 / 8)).toHaveLength(2);
    expect(names.every((name) => isTarget(name))).toBe(true);
    expect(isTarget('model.vision_tower.encoder.layers.0.self_attn.q_proj')).toBe(false);
  });

  it('regex-python-only: a named group', () => {
    const { settings } = moduleRules(parseAdapterConfig(read('regex-python-only.adapter_config.json')));
    const scales = new Map(names.map((name) => [name, settings(name).scale]));
    expect(scales.get('model.language_model.layers.0.self_attn.q_proj')).toBe(64 / 8);
    expect([...scales.values()].filter((scale) => scale !== 16 / 8)).toHaveLength(1);
  });

  it('catastrophic-pattern: matches no module', () => {
    const { settings, isTarget } = moduleRules(parseAdapterConfig(read('catastrophic-pattern/adapter_config.json')));
    expect(names.map((name) => settings(name).rank)).toEqual(names.map(() => 2));
    expect(names.filter((name) => isTarget(name))).toEqual(names.filter((name) => /\.(q|v|o)_proj$/u.test(name)));
  });
});

it.each(['{', 'a{', 'a{1}', '(?i:)'])(
  'of a long pattern of "%s" no character is read ahead again and again',
  (piece) => {
    const pattern = piece.repeat(MAX_PATTERN_LENGTH / piece.length);
    const ahead = vi.spyOn(PatternReader.prototype, 'ahead');
    onTestFinished(() => ahead.mockRestore());
    rankPatternMatcher(pattern);
    const characters = ahead.mock.results.reduce((sum, { value }) => sum + String(value).length, 0);
    expect(characters).toBeLessThanOrEqual(pattern.length);
  },
);

it('the flags "a" and "u" exclude each other for the whole expression, as in Python', () => {
  expect(() => moduleMatcher(String.raw`(?a)(?u)\w`)).toThrow('incompatible');
  expect(moduleMatcher(String.raw`(?a)(?u:\w)`)).toBeDefined();
});

it('a set of many characters is looked through once for each character of the names', () => {
  const matches = rankPatternMatcher(`([^${'/'.repeat(MAX_PATTERN_LENGTH - 10)}]*)*x`);
  const budget = new StepBudget(MAX_STEPS);
  const some = vi.spyOn(Array.prototype, 'some');
  onTestFinished(() => some.mockRestore());
  const names = Array.from({ length: 434 }, (_, layer) => `model.layers.${layer}.self_attn.q_projx`);
  const matching = names.filter((name) => matches(name, budget)).length;
  const looks = some.mock.contexts.filter((parts) => Array.isArray(parts) && parts.length > 1000).length;
  some.mockRestore();
  expect(matching).toBe(434);
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThanOrEqual(new Set(names.join('')).size);
});
