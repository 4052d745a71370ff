import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cardTable, importCards } from '../../../bench/import.ts';
import { exampleCard } from '../run-card/example-card.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-cards-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, contents: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof contents === 'string' ? contents : JSON.stringify(contents));
  return path;
}

test('cards become rows, broken ones are refused by name', async () => {
  const card = exampleCard();
  const software = { ...card, device: { ...card.device, kind: 'software-gpu', adapter: 'swiftshader' } };
  const { cards, refused } = await importCards([
    await file('good.json', card),
    await file('software.json', software),
    await file('later.json', { ...card, format: 'medgemma-ko-lab/run-card/2' }),
    await file('cut.json', JSON.stringify(card).slice(0, 100)),
    await file('config.json', { model_type: 'gemma3' }),
    join(folder, 'missing.json'),
  ]);
  expect(cards).toHaveLength(2);
  expect(refused).toHaveLength(4);
  expect(refused[0]).toMatch(/later\.json: format is .*; a run card is what the page saves in #\/bench$/);
  expect(refused[1]).toMatch(/cut\.json: not JSON/);
  expect(refused[2]).toMatch(/config\.json.*a model’s config\.json, not a run card/);
  expect(refused[3]).toMatch(/^[^:]*missing\.json does not exist; check the path$/);

  const lines = cardTable(cards).split('\n');
  expect(lines).toHaveLength(2 + 2 * 2);
  expect(lines[2]).toContain('| 40.00 (30.00–50.00) |');
  expect(lines[2]).toContain('| 40 % |');
  expect(lines[3]).toContain('differ from token 7');
  // 40 ÷ 20 of the medians.
  expect(lines[3]).toContain('| 2.00 |');
  expect(lines[4]).toContain('software GPU: says nothing about GPUs');
});

test('texts of a card cannot break the table', () => {
  const card = exampleCard();
  const table = cardTable([{ ...card, model: { ...card.model, name: 'a | b\n<script>' } }]);
  expect(table.split('\n')).toHaveLength(4);
  expect(table).toContain('a \\| b \\<script\\>');
});
