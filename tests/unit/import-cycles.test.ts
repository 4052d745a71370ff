/** Cycles of imports are found, whatever leads to them. */
import { expect, test } from 'vitest';
import { cyclesOf, importGraph, wayRound } from '../../scripts/import-cycles.ts';

const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));

test('a tree and a diamond have none', () => {
  expect(cyclesOf(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }))).toEqual([]);
});

test('two cycles are told apart, and a way round each is named', () => {
  const two = graph({ a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: ['d'], f: ['f'], g: ['a'] });
  const cycles = cyclesOf(two);
  expect(cycles.map((files) => files.join('')).sort()).toEqual(['abc', 'de', 'f']);
  expect(cycles.map((files) => wayRound(two, files).join(' ')).sort()).toEqual(['a b c a', 'd e d', 'f f']);
});

test('imports are read from TypeScript and Svelte, of types too, by relative path and by #core', () => {
  const imports = importGraph();
  expect(imports.get('core/protocol/engine.ts')).toContain('core/chat/message.ts');
  expect(imports.get('workers/engine/engine.ts')).toContain('core/protocol/engine.ts');
  expect(imports.get('src/main.ts')).toContain('src/App.svelte');
  expect(imports.get('src/App.svelte')?.some((path) => path.startsWith('src/shell/'))).toBe(true);
  expect(imports.size).toBeGreaterThan(500);
});
