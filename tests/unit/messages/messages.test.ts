import { readdirSync, readFileSync } from 'node:fs';
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, test } from 'vitest';
import { catalogs } from '../../../src/messages/catalogs.ts';
import type { CatalogName } from '../../../src/messages/messages.ts';

const names = Object.keys(catalogs).filter((name): name is CatalogName => name in catalogs);
const loaded = await Promise.all(
  names.map(async (name) => ({
    name,
    ko: Object.entries(await catalogs[name].ko()),
    en: Object.entries(await catalogs[name].en()),
  })),
);

type MessagePart = ReturnType<IntlMessageFormat['getAst']>[number];

/** The arguments, and each of the choices that a message has for one: `kind`, `kind=webPage`. */
const argumentsIn = (parts: readonly MessagePart[]): string[] =>
  parts.flatMap((part) => {
    // Forms of number are a language's own: Korean has one.
    if ('pluralType' in part) {
      const inside = Object.values(part.options).flatMap(({ value }) => argumentsIn(value));
      return [part.value, ...new Set(inside)];
    }
    if ('options' in part) {
      const choices = Object.entries(part.options).flatMap(([choice, { value }]) => [
        `${part.value}=${choice}`,
        ...argumentsIn(value),
      ]);
      return [part.value, ...choices];
    }
    if ('children' in part) return argumentsIn(part.children);
    // Type 0 is text.
    return 'value' in part && part.type !== 0 ? [part.value] : [];
  });
const argumentsOf = (text: string) => argumentsIn(new IntlMessageFormat(text, 'ko').getAst()).sort();

describe.each(loaded)('messages of $name', ({ ko, en }) => {
  test('both languages have the same keys', () => {
    expect(ko.length).toBeGreaterThan(0);
    expect(en.map(([key]) => key).sort()).toEqual(ko.map(([key]) => key).sort());
  });

  test.each(ko)('%s is well formed and takes the same arguments in both languages', (key, korean) => {
    const english = en.find(([name]) => name === key)?.[1] ?? '';
    expect(english).not.toBe('');
    expect(argumentsOf(english)).toEqual(argumentsOf(korean));
    const values = Object.fromEntries(argumentsOf(korean).map((name) => [name, 'X']));
    for (const [locale, text] of [
      ['ko', korean],
      ['en', english],
    ] as const)
      expect(String(new IntlMessageFormat(text, locale).format(values))).not.toMatch(/[{}]/);
  });
});

test('no key is in two catalogs', () => {
  const keys = loaded.flatMap(({ ko }) => ko.map(([key]) => key));
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});

const keysOf = (name: string) => loaded.find((catalog) => catalog.name === name)?.ko.map(([key]) => key) ?? [];
const allKeys = loaded.flatMap(({ ko }) => ko.map(([key]) => key));

/** Keys that a source text may ask for: its strings that are keys, and those that its template strings can become. */
function keysIn(source: string): string[] {
  const strings = [...source.matchAll(/(['`])([a-z][\w-]*\.(?:[\w.-]|\$\{[^}]*\})*)\1/g)].map(
    ([, , text]) => text ?? '',
  );
  const patterns = strings.map((text) => {
    const parts = text.split(/\$\{[^}]*\}/).map((part) => part.replaceAll('.', '\\.'));
    return new RegExp(`^${parts.join('[\\w-]+')}$`);
  });
  return allKeys.filter((key) => patterns.some((pattern) => pattern.test(key)));
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|svelte)$/.test(path))
  .map((path) => `src/${path.replaceAll('\\', '/')}`);

/** Undefined for the messages themselves. */
function catalogOf(path: string): string | undefined {
  if (path.startsWith('src/messages/')) return undefined;
  if (path.startsWith('src/labs/chat/attachments/')) return 'image';
  if (path.startsWith('src/chat/adapter/')) return 'adapter';
  if (path.startsWith('src/shell/fit/')) return 'fit';
  if (path.startsWith('src/shell/ledger/')) return 'ledger';
  if (path.startsWith('src/shell/make/')) return 'make';
  return /^src\/labs\/(\w+)\//.exec(path)?.[1] ?? 'shell';
}

test.each(names)('what %s says is in its catalog or in the shell’s, which are loaded before it', (name) => {
  const own = sources.filter((path) => catalogOf(path) === name);
  expect(own.length).toBeGreaterThan(0);
  // The chat is there before an image is attached; labs that look into adapters load what is said of them.
  const more = name === 'image' ? keysOf('chat') : name === 'lora' || name === 'train' ? keysOf('adapter') : [];
  const there = new Set([...keysOf('shell'), ...more, ...keysOf(name)]);
  const missing = own.flatMap((path) =>
    keysIn(readFileSync(path, 'utf8')).flatMap((key) => (there.has(key) ? [] : [`${path}: ${key}`])),
  );
  expect(missing).toEqual([]);
});

test('every message is said somewhere', () => {
  const said = new Set(
    sources.filter((path) => !path.startsWith('src/messages/')).flatMap((path) => keysIn(readFileSync(path, 'utf8'))),
  );
  expect(allKeys.filter((key) => !said.has(key))).toEqual([]);
});
