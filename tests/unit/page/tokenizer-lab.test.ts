import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONTINUED, NEW_TOKEN } from '#core/protocol/tokenizer.ts';
import { csv } from '../../../src/platform/csv.ts';
import { readHash } from '../../../src/platform/place.svelte.ts';
import { cellsOf, overlapping, visible } from '../../../src/labs/tokenizer/text/cells.ts';
import { ReplacedText } from '../../../src/labs/tokenizer/text/replaced-text.svelte.ts';
import { LiveText } from '../../../src/labs/tokenizer/text/live-text.svelte.ts';
import { TokenizerWorker } from '../../../src/workers/tokenizer-worker.ts';
import { linkTo, packShared, unpackShared } from '../../../src/labs/tokenizer/share.ts';
import { placeOf } from '../../../workers/tokenizer/json-text.ts';

test('a link brings back what it was given, in letters that an address may have', async () => {
  const shared = { text: '환자 🙂 "따옴표"\n\t줄'.repeat(50), tokenizers: ['base', 'hf:owner/name'] };
  const packed = await packShared(shared);
  expect(packed).toMatch(/^[\w-]+$/);
  expect(await unpackShared(packed)).toEqual(shared);
  const link = await linkTo(shared, 'https://lab.example/?lang=en#/chat');
  expect(link).toBe(`https://lab.example/?lang=en#/tokenizer?s=${packed}`);
  const { lab, query } = readHash(new URL(link).hash);
  expect([lab, query.get('s')]).toEqual(['tokenizer', packed]);
});

test('of a broken link, or one that unpacks to too much, nothing is taken', async () => {
  const packed = await packShared({ text: '혈압은 150에 95였습니다.', tokenizers: [] });
  for (const bad of ['', '%', packed.slice(0, -5), `${packed.slice(0, 6)}A${packed.slice(7)}`]) {
    expect(await unpackShared(bad)).toBeUndefined();
  }
  const bomb = await packShared({ text: 'a'.repeat(50_000_000), tokenizers: [] });
  expect(bomb.length).toBeLessThan(100_000);
  expect(await unpackShared(bomb)).toBeUndefined();
});

test('the address names the lab; anything else is the chat', () => {
  expect(readHash('').lab).toBe('chat');
  expect(readHash('#/nowhere').lab).toBe('chat');
  expect(readHash('#chat').lab).toBe('chat');
  expect(readHash('#/tokenizer?text=a%20b?c').query.get('text')).toBe('a b?c');
});

test('tokens of one character are one cell', () => {
  const lane = {
    key: 'base',
    ids: Int32Array.of(9, 1, 2, 3, 8),
    ends: Int32Array.of(2, 3, 3, 3, 5),
    marks: Uint8Array.of(CONTINUED, 1, 1, 1, NEW_TOKEN),
    count: 4,
  };
  const cells = cellsOf(lane);
  expect(cells.map(({ start, end, first, count }) => [start, end, first, count])).toEqual([
    [0, 2, 0, 1],
    [2, 3, 1, 3],
    [3, 5, 4, 1],
  ]);
  expect(cells.map(({ kind, isNew, continued }) => [kind, isNew, continued])).toEqual([
    ['piece', false, true],
    ['byte', false, false],
    ['piece', true, false],
  ]);
  expect(overlapping(cells, 1, 3)).toEqual({ at: [0, 1], tokens: 4 });
  expect(visible('a\n\t\u0000\u007f')).toBe('a↵⇥␀␡');
});

test('what is counted of a link is what a text area shows', () => {
  const link = readFileSync(new URL('../../fixtures/cases/text/link-crlf.txt', import.meta.url), 'utf8').trim();
  const text = readHash(new URL(link.replace('PORT', '1')).hash).query.get('text') ?? '';
  expect(text).toBe('가\r\n나\r\n다');
  const live = new LiveText(new TokenizerWorker(), () => Promise.resolve());
  for (const [given, shown] of [
    [text, '가\n나\n다'],
    ['가\r나\n\r다\r\n', '가\n나\n\n다\n'],
  ] as const) {
    live.text = given;
    expect(live.text).toBe(shown);
  }
});

test('a text that an example replaced comes back, and so does what was written meanwhile', () => {
  let text = 'my own text';
  const field = { get: () => text, set: (to: string) => (text = to) };
  const replaced = new ReplacedText(field, (each) => !each.startsWith('example'));
  expect(replaced.canUndo).toBe(false);
  replaced.replace('example 1');
  // A second example does not push the visitor's text out.
  replaced.replace('example 2');
  replaced.replace('');
  expect([text, replaced.canUndo]).toEqual(['', true]);
  text = 'written meanwhile';
  replaced.undo();
  expect([text, replaced.canUndo]).toEqual(['my own text', true]);
  replaced.undo();
  expect([text, replaced.canUndo]).toEqual(['written meanwhile', true]);
  text = 'example 1';
  replaced.undo();
  expect([text, replaced.canUndo]).toEqual(['my own text', false]);
});

test('CSV says that it is UTF-8, quotes, and runs nothing', () => {
  expect(csv([['문장', 'a,b', '=1+1', -3.5]])).toBe('\uFEFF문장,"a,b","\'=1+1",-3.5');
});

test('the place of a mistake in JSON is found whatever the engine says of it', () => {
  expect(placeOf('Unexpected token } in JSON at position 9', '{\n  "a": }')).toEqual({ line: 2, column: 8 });
  expect(placeOf("expected ',' at line 3 column 4 of the JSON data", '')).toEqual({ line: 3, column: 4 });
  expect(placeOf('Unexpected end of JSON input', '{\n')).toEqual({ line: 2, column: 1 });
});
