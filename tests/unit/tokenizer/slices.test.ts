/** Long units are cut to be drawn; tokens are those of the whole. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sliceEnds } from '#core/tokenizer/text/slices.ts';
import { editBetween } from '#core/tokenizer/text/text-edit.ts';
import { LiveText } from '../../../workers/tokenizer/live-text.ts';
import type { RegisteredTokenizer } from '../../../workers/tokenizer/registered-tokenizer.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { countSentences, sentencesOf } from '../../../src/labs/tokenizer/text/sentences.ts';
import type { Unit } from '../../../src/labs/tokenizer/text/live-text.svelte.ts';
import { gemma3TokenizerJson } from '../../reference/gemma3-tokenizer.ts';

function slices(text: string): string[] {
  let from = 0;
  return sliceEnds(text).map((end) => text.slice(from, (from = end)));
}

/** Hangul without spaces, hardly ever the same. */
function syllables(length: number, seed = 1): string {
  let text = '';
  for (let at = 0, state = seed; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += String.fromCharCode(0xac00 + ((state >>> 12) % 11172));
  }
  return text;
}

test('slices are short, hold the text, and begin at whole characters', () => {
  for (const text of [
    syllables(5000),
    '가'.repeat(5000),
    syllables(3000).normalize('NFD'),
    '👨‍👩‍👧‍👦'.repeat(700),
    'e\u0301'.repeat(3000),
    `a${'\u0301'.repeat(2000)}`,
    '🙂'.repeat(2000),
    `${syllables(400)}🇰🇷${syllables(400)}`,
    'QUJD'.repeat(1000),
    '',
    '가',
  ]) {
    const parts = slices(text);
    expect(parts.join('')).toBe(text);
    expect(parts.every(({ length }) => length > 0 && length <= 480)).toBe(true);
    expect(parts.every((part) => !/\p{Surrogate}/u.test(part))).toBe(true);
  }
  const inside = /^[\p{M}\u1160-\u11ff\u200d]|\u200d$/u;
  for (const text of [syllables(3000).normalize('NFD'), '👨‍👩‍👧‍👦'.repeat(700), 'e\u0301'.repeat(3000)]) {
    expect(slices(text).some((part) => inside.test(part))).toBe(false);
  }
});

test('an edit moves the cuts near it and leaves the others', () => {
  const text = syllables(20_000);
  for (const at of [0, 10, 9000, 19_990]) {
    const before = new Set(slices(text));
    const after = slices(`${text.slice(0, at)}가${text.slice(at)}`);
    expect(after.filter((slice) => !before.has(slice)).length).toBeLessThan(12);
  }
  const same = '환자는열이있다'.repeat(3000);
  const fresh = slices(`${same.slice(0, 9000)}X${same.slice(9000)}`).filter(
    (slice) => !new Set(slices(same)).has(slice),
  );
  expect(fresh.length).toBeLessThan(12);
});

const gemma = readTokenizerJson(gemma3TokenizerJson());
const info = { size: 1, firstNewId: undefined, encoder: 'own', placesAreExact: true, model: 'BPE' } as const;
const registered: RegisteredTokenizer = { tokenizer: gemma, info, pack: undefined, cutsAreSafe: true };

test('a text without spaces has the tokens of the whole, and a keystroke sends what is near it', () => {
  const live = new LiveText({ get: () => registered });
  const text = syllables(30_000);
  const whole = live.edit({ version: 1, scope: 'all', edit: { start: 0, end: 0, insert: text }, keys: ['base'] });
  if (whole.type !== 'units') throw new Error('asked to send again');
  const lane = whole.lanes[0];
  const ids = [...(lane?.ids ?? [])].filter((_, at) => ((lane?.marks[at] ?? 0) & 8) === 0);
  expect(ids.join()).toBe([...gemma.encode(text)].join());
  expect(whole.lengths.length).toBeGreaterThan(60);
  expect([...whole.inside]).toEqual([0, ...Array<number>(whole.lengths.length - 1).fill(1)]);

  const typed = `${text.slice(0, 15_000)}나${text.slice(15_000)}`;
  const reply = live.edit({ version: 2, scope: 'edit', edit: editBetween(text, typed), keys: ['base'] });
  if (reply.type !== 'units') throw new Error('asked to send again');
  expect(reply.lengths.length).toBeLessThan(12);
  expect(reply.keptStart + reply.keptEnd).toBeGreaterThan(60);
});

test('whatever is edited, kept and new units are those of the text from the start', () => {
  const parts = fc.constantFrom(
    syllables(700, 2),
    syllables(500, 3),
    '가'.repeat(600),
    '🙂'.repeat(300),
    '. ',
    '\n',
    ' ',
  );
  const texts = fc.array(
    fc.array(parts, { maxLength: 5 }).map((each) => each.join('')),
    { minLength: 2, maxLength: 4 },
  );
  fc.assert(
    fc.property(texts, (versions) => {
      const live = new LiveText({ get: () => registered });
      let before = '';
      let shown: [number, number][] = [];
      for (const [index, text] of versions.entries()) {
        const scope = index === 0 ? 'all' : 'edit';
        const edit = editBetween(before, text);
        const reply = live.edit({ version: index + 1, scope, edit, keys: ['base'] });
        if (reply.type !== 'units') throw new Error('asked to send again');
        const counts = reply.lanes[0]?.counts ?? [];
        const fresh = Array.from(reply.lengths, (length, at): [number, number] => [length, counts[at] ?? 0]);
        shown = [...shown.slice(0, reply.keptStart), ...fresh, ...shown.slice(shown.length - reply.keptEnd)];
        const anew = new LiveText({ get: () => registered });
        const whole = anew.edit({ version: 1, scope: 'all', edit: { start: 0, end: 0, insert: text }, keys: ['base'] });
        if (whole.type !== 'units') throw new Error('asked to send again');
        const expected = Array.from(whole.lengths, (length, at) => [length, whole.lanes[0]?.counts[at] ?? 0]);
        expect(shown).toEqual(expected);
        before = text;
      }
    }),
    { numRuns: 60 },
  );
});

test('a sentence of several units is one sentence', () => {
  const unit = (id: number, text: string, inside: boolean, count: number): Unit => ({
    ...{ id, text, inside, opens: false },
    lanes: [{ key: 'base', ids: new Int32Array(), ends: new Int32Array(), marks: new Uint8Array(), count }],
  });
  const units = [unit(1, '하나', false, 3), unit(2, '둘', true, 2), unit(3, '셋.', true, 1), unit(4, ' 넷', false, 5)];
  expect(countSentences(units)).toBe(2);
  const sentences = sentencesOf(units).map(({ id, text, counts }) => [id, text, counts.get('base')]);
  expect(sentences).toEqual([
    [1, '하나둘셋.', 6],
    [4, ' 넷', 5],
  ]);
  expect(sentencesOf(units, 1)).toHaveLength(1);
  expect(sentencesOf([])).toEqual([]);
});
