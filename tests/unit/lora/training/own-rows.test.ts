/** A visitor's own table: what is refused by its row, what is told, what is held out. */
import { describe, expect, it } from 'vitest';
import { checkRows, MOST_CHARACTERS, splitRows, type RowProblem } from '#core/lora/training/own-rows.ts';
import type { TrainingImage, WishedAnswer } from '#core/lora/training/wished-answer.ts';

const phantom = (seed: number): TrainingImage => ({ type: 'phantom', seed });
const row = (question: string, answer: string, image?: TrainingImage): WishedAnswer => ({ question, answer, image });
const five = [1, 2, 3, 4, 5].map((seed) => row('어디에 있나요?', '왼쪽 위에 있습니다.', phantom(seed)));

describe('checkRows', () => {
  it('takes five rows, leaves out empty ones, and white space around', () => {
    const { rows, problems, notes } = checkRows([...five, row('', ' '), row(' 무엇인가요?\n', '팬텀입니다. ')]);
    expect([problems, notes]).toEqual([[], []]);
    expect(rows).toHaveLength(6);
    expect(rows.at(-1)).toEqual(row('무엇인가요?', '팬텀입니다.'));
  });

  it.each<[string, WishedAnswer[], RowProblem[]]>([
    ['fewer than five', five.slice(1), [{ code: 'too-few', rows: 4, least: 5 }]],
    ['none', [row('', '')], [{ code: 'too-few', rows: 0, least: 5 }]],
    ['an empty cell', [...five, row('', '네')], [{ code: 'empty', row: 6, cell: 'question' }]],
    [
      'an image alone',
      [...five, row('', '', phantom(9))],
      [
        { code: 'empty', row: 6, cell: 'question' },
        { code: 'empty', row: 6, cell: 'answer' },
      ],
    ],
    ['a cell of fillers', [row('왜?', '\u3164\u200b\u00a0'), ...five], [{ code: 'empty', row: 1, cell: 'answer' }]],
    ['half a character', [row('왜?', '\ud83d'), ...five], [{ code: 'no-text', row: 1, cell: 'answer' }]],
    ['what could not be decoded', [row('�?', '네'), ...five], [{ code: 'no-text', row: 1, cell: 'question' }]],
    ['a NUL', [row('a\u0000b', '네'), ...five], [{ code: 'no-text', row: 1, cell: 'question' }]],
    [
      'a whole page in a cell',
      [...five, row('왜?', '가'.repeat(MOST_CHARACTERS + 1))],
      [{ code: 'too-long', row: 6, cell: 'answer', characters: MOST_CHARACTERS + 1, most: MOST_CHARACTERS }],
    ],
    [
      'two answers to one question about one image',
      [...five, row('', ''), row('어디에  있나요?', '오른쪽 위에 있습니다.', phantom(2))],
      [{ code: 'contradiction', row: 7, first: 2 }],
    ],
    [
      'two answers to one question without an image',
      [...five, row('누구세요?', '모델입니다.'), row('누구세요?', '의사입니다.')],
      [{ code: 'contradiction', row: 7, first: 6 }],
    ],
  ])('%s', (_, table, problems) => {
    expect(checkRows(table).problems).toEqual(problems);
  });

  it('a contradiction is found across forms of Unicode, and one question may be asked of two images', () => {
    const nfd = row('어디에 있나요?'.normalize('NFD'), '아래에 있습니다.', phantom(1));
    expect(checkRows([...five, nfd]).problems).toEqual([{ code: 'contradiction', row: 6, first: 1 }]);
    expect(checkRows([...five, { ...nfd, image: phantom(6) }]).problems).toEqual([]);
  });

  it('composes Hangul and says in which rows; other letters are left as they are told apart', () => {
    const { rows, notes } = checkRows([...five, row('폐'.normalize('NFD'), 'é'.normalize('NFD'))]);
    expect(notes).toEqual([{ code: 'composed', rows: [6] }]);
    expect(rows.at(-1)).toEqual(row('폐', 'é'));
  });

  it('tells of a row that is there twice', () => {
    expect(checkRows([...five, row('어디에 있나요?', '왼쪽 위에 있습니다.', phantom(5))]).notes).toEqual([
      { code: 'repeated', row: 6, first: 5 },
    ]);
  });

  it('a file that was given twice is one image', () => {
    const file = (text: string): TrainingImage => ({ type: 'file', name: 'scan.png', blob: new Blob([text]) });
    const table = [
      ...five,
      row('무엇?', '가', file('same')),
      row('무엇?', '나', file('same')),
      row('무엇?', '다', file('other one')),
    ];
    expect(checkRows(table).problems).toEqual([{ code: 'contradiction', row: 7, first: 6 }]);
  });
});

describe('splitRows', () => {
  it('holds out rows whose images no trained row has', () => {
    const rows = [...five, ...five.map((each) => ({ ...each, question: '몇 개인가요?', answer: '한 개 있습니다.' }))];
    const { trained, heldOut } = splitRows(rows, 0.2, 1);
    expect([trained.length, heldOut.length]).toEqual([8, 2]);
    const seeds = (of: WishedAnswer[]) => of.map(({ image }) => image?.type === 'phantom' && image.seed);
    expect(seeds(trained)).not.toContain(seeds(heldOut)[0]);
    expect(splitRows(rows, 0.2, 1)).toEqual({ trained, heldOut });
  });

  it('five questions about one image leave nothing to hold out', () => {
    const one = five.map((each, at) => ({ ...each, question: `${at}?`, image: phantom(1) }));
    expect(splitRows(one, 0.2, 0)).toEqual({ trained: one, heldOut: [] });
  });
});
