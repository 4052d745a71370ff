/** After any edits the kept and the new units are what the text gives from the start, whichever the tokenizer. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EditReply, TokensByUnit } from '#core/protocol/tokenizer.ts';
import { applyEdit, editBetween } from '#core/tokenizer/text/text-edit.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { unitEnds } from '#core/tokenizer/text/units.ts';
import { LiveText as PageText } from '../../../src/labs/tokenizer/text/live-text.svelte.ts';
import { LiveText } from '../../../workers/tokenizer/live-text.ts';
import type { RegisteredTokenizer } from '../../../workers/tokenizer/registered-tokenizer.ts';

/** One token a word with the space before it, or, across everything, one for `across` characters. */
function standIn(across?: number): RegisteredTokenizer {
  const segment = (text: string) => {
    const ends = [...text.matchAll(across ? new RegExp(`[^]{1,${across}}`, 'g') : /\n|[^\n]?[^\s]*/g)]
      .filter(([token]) => token !== '')
      .map((match) => match.index + match[0].length);
    return { ids: Int32Array.from(ends, (_, at) => at), ends: Int32Array.from(ends) };
  };
  const tokenizer = { size: 1, segment, kindOf: () => 'piece' } as unknown as Tokenizer;
  const info = { size: 1, firstNewId: undefined, model: '' } as const;
  return { tokenizer, info, pack: undefined, cutsAreSafe: across === undefined };
}

const shelf = (registered: Record<string, RegisteredTokenizer>) => ({ get: (key: string) => registered[key] });

interface Shown {
  text: string;
  ends: number[][];
}

function unitsOf(reply: EditReply & { type: 'units' }, text: string, from: number): Shown[] {
  let at = from;
  const offsets = reply.lanes.map(() => 0);
  return [...reply.lengths].map((length, unit) => {
    const ends = reply.lanes.map((lane: TokensByUnit, index) => {
      const count = lane.counts[unit] ?? 0;
      const begin = offsets[index] ?? 0;
      offsets[index] = begin + count;
      return [...lane.ends.subarray(begin, begin + count)];
    });
    at += length;
    return { text: text.slice(at - length, at), ends };
  });
}

const pieces = fc.array(
  fc.constantFrom('환자', ' ', '는', '. ', '\n', '\n\n', 'pain', '?" ', '가'.repeat(130), ', ', '🙂', '\t', '…', ' x'),
  { maxLength: 40 },
);
const texts = fc.array(
  pieces.map((each) => each.join('')),
  { minLength: 1, maxLength: 6 },
);

test('units follow edits', () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(3, 7, 400), (versions, across) => {
      const registered = { safe: standIn(), across: standIn(across) };
      const keys = ['safe', 'across', 'absent'];
      const live = new LiveText(shelf(registered));
      let shown: Shown[] = [];
      let before = '';
      for (const [index, text] of versions.entries()) {
        const scope = index === 0 ? 'all' : 'edit';
        const edit = editBetween(before, text);
        const reply = live.edit({ version: index + 1, scope, edit, keys });
        if (reply.type !== 'units') throw new Error('asked to send again');
        const tail = shown.slice(shown.length - reply.keptEnd);
        const head = shown.slice(0, reply.keptStart);
        const from = head.reduce((sum, unit) => sum + unit.text.length, 0);
        shown = [...head, ...unitsOf(reply, text, from), ...tail];
        before = text;

        const fresh = new LiveText(shelf(registered));
        const whole = fresh.edit({ version: 1, scope: 'all', edit: { start: 0, end: 0, insert: text }, keys });
        if (whole.type !== 'units') throw new Error('asked to send again');
        expect(shown).toEqual(unitsOf(whole, text, 0));
        expect(shown.map((unit) => unit.text).join('')).toBe(text);
        // A tokenizer that reaches across units covers the text with the tokens that it has.
        const { ends } = registered.across.tokenizer.segment(text);
        const starts = whole.lanes[1]?.marks.filter((mark) => mark < 8).length;
        expect(starts).toBe(ends.length);
      }
    }),
    { numRuns: 300 },
  );
});

test('an edit that does not follow the last one is asked for again', () => {
  const live = new LiveText(shelf({ safe: standIn() }));
  const edit = { start: 0, end: 0, insert: 'a' };
  expect(live.edit({ version: 5, scope: 'edit', edit, keys: ['safe'] })).toEqual({ type: 'resend' });
  expect(live.edit({ version: 5, scope: 'all', edit, keys: ['safe'] }).type).toBe('units');
  expect(live.edit({ version: 7, scope: 'edit', edit, keys: ['safe'] })).toEqual({ type: 'resend' });
  expect(live.edit({ version: 6, scope: 'edit', edit, keys: ['other'] })).toEqual({ type: 'resend' });
});

test('an edit is the shortest one that leads from text to text', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12, unit: 'binary' }), fc.string({ maxLength: 12 }), (before, after) => {
      expect(applyEdit(before, editBetween(before, after))).toBe(after);
    }),
  );
  expect(editBetween('환자가 왔다', '환자들이 왔다')).toEqual({ start: 2, end: 3, insert: '들이' });
});

test('units end where their text ends', () => {
  fc.assert(
    fc.property(pieces, (each) => {
      const text = each.join('');
      const ends = unitEnds(text);
      expect(ends.at(-1) ?? 0).toBe(text.length);
      expect(ends).toEqual([...new Set(ends)].sort((a, b) => a - b));
    }),
  );
  expect(unitEnds('하나. 둘!" 셋\n\n넷')).toEqual([3, 7, 11, 12]);
});

test('an edit leaves the text the same one; what leaves less than half of it begins another', async () => {
  const worker = new LiveText(shelf({ words: standIn() }));
  const page = new PageText({ ask: (_, request) => Promise.resolve({ reply: worker.edit(request) }) }, () =>
    Promise.reject(new Error('The worker crashed.')),
  );
  page.use(['words']);
  const textsAfter = async (text: string) => {
    page.text = text;
    await page.settle();
    expect(page.units.map((unit) => unit.text).join('')).toBe(text);
    return page.texts;
  };
  const first = await textsAfter('환자는 열이 있습니다. '.repeat(500));
  expect(await textsAfter(`${page.text}가`)).toBe(first);
  expect(await textsAfter(`혈압${page.text.slice(40)}`)).toBe(first);
  // Much is pasted in front of it.
  expect(await textsAfter(`${'가'.repeat(10_000)}${page.text}`)).toBe(first);
  // Another that begins with the same words.
  expect(await textsAfter(`${'가'.repeat(20)}${'나'.repeat(15_000)}`)).toBe(first + 1);
  expect(await textsAfter('나')).toBe(first + 2);
});
