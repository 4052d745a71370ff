import { beforeAll, expect, test } from 'vitest';
import { CAPTURE_OFF } from '#core/run-card/run-card.ts';
import { cardContent } from '../../../src/labs/bench/card-content.ts';
import { locale } from '../../../src/platform/locale.svelte.ts';
import { exampleCard } from '../run-card/example-card.ts';

beforeAll(() => locale.load('bench'));

test('a card of three engines has a column for each, and the ratio of the first two', () => {
  const card = exampleCard();
  const [ours] = card.engines;
  if (!ours) throw new Error('the example has no engine');
  const third = { ...ours, engine: CAPTURE_OFF, failure: 'no graph capture' };
  const content = cardContent({ ...card, engines: [...card.engines, third] });
  expect(content.columns).toEqual(['이 페이지', 'transformers.js', '이 페이지, 캡처 끔', '우리 ÷ transformers.js']);
  for (const { cells } of content.rows) expect(cells).toHaveLength(content.columns.length);
  const decode = content.rows.find(({ name }) => name === 'decode');
  // Decode 30, 40, 50 tok/s beside 20, 20, 40.
  expect(decode?.cells.map(({ share }) => share)).toEqual([1, 0.5, 1, undefined]);
  expect(decode?.cells[0]?.range).toBe('(30–50토큰/초)');
  expect(decode?.cells.at(-1)?.main).toBe('1.50배');
  expect(content.roofline?.rows[0]?.cells).toHaveLength(content.roofline?.columns.length ?? 0);
  expect(content.cautions.map(({ name, text }) => [name, text])).toEqual([['failure', 'no graph capture']]);
});

test('a card of one engine has no ratio; what may mislead stands on it', () => {
  const card = exampleCard();
  const content = cardContent({
    ...card,
    engines: card.engines.slice(0, 1),
    device: { ...card.device, kind: 'cpu' },
    settings: { ...card.settings, isComplete: false },
  });
  expect([content.columns, content.hasRatio]).toEqual([['이 페이지'], false]);
  expect(content.cautions.map(({ name }) => name)).toEqual(['device', 'incomplete']);
});
