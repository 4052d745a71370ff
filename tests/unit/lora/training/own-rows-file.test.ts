/** Tables as spreadsheets and other programs write them, and what goes out is what comes in again. */
import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readExamples } from '#core/lora/training/data-file.ts';
import { readRowsFile, rowsFiles, withImages, type FileProblem } from '#core/lora/training/own-rows-file.ts';
import type { WishedAnswer } from '#core/lora/training/wished-answer.ts';
import { FailureError } from '#core/failure.ts';

const read = (text: string, name = 'rows.csv') => readRowsFile(new TextEncoder().encode(text), name);
const utf16 = (text: string) => new Uint8Array(Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0)).buffer);
const texts = (text: string) =>
  read(text).rows.map(({ row, question, answer, image }) => [row, question, answer, image]);

describe('tables', () => {
  it('a header in Korean or English, in any order, with other columns beside', () => {
    const row = [2, '어디?', '여기.', 'a.png'];
    expect(texts('번호,답변,영상,질문\r\n1,여기.,a.png,어디?\r\n')).toEqual([row]);
    expect(texts('Image\tQuestion\tAnswer\na.png\t어디?\t여기.\n')).toEqual([row]);
    expect(texts('\ufeffquestion;answer;image\n어디?;여기.;a.png\n')).toEqual([row]);
  });

  it('two columns without a header', () => {
    expect(texts('어디?\t여기.\n누구?\t저.\n')).toEqual([
      [1, '어디?', '여기.', undefined],
      [2, '누구?', '저.', undefined],
    ]);
  });

  it('cells with delimiters, quotes and line ends; empty cells are left to the check', () => {
    expect(texts('question,answer\r\n"a, ""b""\r\nc",d\r\n,e\r\nf\r\n')).toEqual([
      [2, 'a, "b"\nc', 'd', undefined],
      [3, '', 'e', undefined],
      [4, 'f', '', undefined],
    ]);
  });

  it('what Korean Excel writes: CP949, which is told, and UTF-16, which names itself', () => {
    // 질문,답\r\n어디에 있나요?,왼쪽\r\n
    const cp949 =
      '\xc1\xfa\xb9\xae,\xb4\xe4\r\n\xbe\xee\xb5\xf0\xbf\xa1 \xc0\xd6\xb3\xaa\xbf\xe4?,\xbf\xde\xc2\xca\r\n';
    const found = readRowsFile(
      Uint8Array.from(cp949, (byte) => byte.charCodeAt(0)),
      'excel.csv',
    );
    expect(found.rows).toEqual([{ row: 2, question: '어디에 있나요?', answer: '왼쪽', image: undefined }]);
    expect(found.guessed).toBe('euc-kr');
    const unicode = readRowsFile(utf16('질문\t답\r\n어디에 있나요?\t왼쪽\r\n'), 'excel.txt');
    expect(unicode.rows).toEqual(found.rows);
    expect(unicode.guessed).toBeUndefined();
  });

  it.each<[string, string, FileProblem]>([
    ['plain text', '병변이 어디에 있나요?\n왼쪽 위에 있습니다.\n', { code: 'no-table' }],
    ['an empty file', '', { code: 'no-table' }],
    ['three columns of which none is named', 'a,b,c\nd,e,f\n', { code: 'no-header', columns: 3 }],
    ['the answers are not named', 'question,b,c\nd,e,f\n', { code: 'no-header', columns: 3 }],
  ])('%s is refused', (_, text, problem) => {
    expect(read(text)).toMatchObject({ rows: [], problems: [problem] });
  });

  it.each([
    ['cases/pairs/cp949.tsv', 'euc-kr'],
    ['cases/pairs/utf16.tsv', undefined],
    ['cases/pairs/multiline.tsv', undefined],
    ['cases/pairs/cr.tsv', undefined],
  ])('%s', async (file, guessed) => {
    const found = readRowsFile(await readFile(`tests/fixtures/${file}`), file);
    expect([found.guessed, found.problems]).toEqual([guessed, []]);
    expect(found.rows.length).toBeGreaterThan(0);
    for (const { question, answer } of found.rows) expect(question !== '' && answer !== '').toBe(true);
  });

  it.each(['gated.json', 'lfs.json'])('what a server answered instead, %s, is refused by name', async (file) => {
    const bytes = await readFile(`tests/fixtures/cases/text/${file}`);
    expect(() => readRowsFile(bytes, file)).toThrow(FailureError);
  });
});

describe('JSON Lines', () => {
  const line = (fields: object) => JSON.stringify({ question: '어디?', answer: '여기.', ...fields });

  it('good lines are read, and each wrong one is named', () => {
    const text = [
      line({ image: 'a.png' }),
      '{',
      '[]',
      line({ answer: 7 }),
      '',
      line({ image: 3 }),
      '{"question": "a"}',
    ];
    const { rows, problems } = read(text.join('\n'), 'rows.jsonl');
    expect(rows).toEqual([{ row: 1, question: '어디?', answer: '여기.', image: 'a.png' }]);
    expect(problems.map(({ code, ...where }) => [code, 'row' in where && where.row])).toEqual([
      ['not-json', 2],
      ['not-object', 3],
      ['not-text', 4],
      ['numpy-row', 6],
      ['missing', 7],
    ]);
  });
});

describe('images', () => {
  const row = (image: string | undefined, number = 1) => ({ row: number, question: '어디?', answer: '여기.', image });

  it('are found by name or by the last part of a path, in any form of Unicode, and what is missing is named', () => {
    const blob = new Blob(['x']);
    const files = new Map([['폐.png'.normalize('NFD'), blob]]);
    const { rows, missing } = withImages(
      [row('폐.png'), row('images\\폐.png'), row('b.png', 3), row(undefined), row('phantom-12.png')],
      files,
    );
    expect(rows.map(({ image }) => image)).toEqual([
      { type: 'file', name: '폐.png', blob },
      { type: 'file', name: '폐.png', blob },
      undefined,
      { type: 'phantom', seed: 12 },
    ]);
    expect(missing).toEqual([{ row: 3, name: 'b.png' }]);
  });

  it('a phantom beyond all seeds is a missing file', () => {
    expect(withImages([row('phantom-9999999999999999.png')], new Map()).missing).toHaveLength(1);
  });
});

describe('rowsFiles', () => {
  const contents = (files: { name: string; bytes: Uint8Array }[]) =>
    new Map(files.map(({ name, bytes }) => [name, bytes]));

  it('writes each image once, under names that every system takes and no two share', async () => {
    const blobs = ['one', 'two', 'three', 'four', 'five'].map((text) => new Blob([text]));
    const names = ['a.png', 'A.png', '../../a.png', 'rows.jsonl', '..'];
    const rows = blobs.map((blob, at): WishedAnswer => ({
      question: '?',
      answer: '!',
      image: { type: 'file', name: names[at] ?? '', blob },
    }));
    const again: WishedAnswer = { question: '??', answer: '!', image: rows[0]?.image };
    const files = await rowsFiles([
      ...rows,
      again,
      { question: '?', answer: '!', image: { type: 'phantom', seed: 5 } },
    ]);
    expect(files.map(({ name }) => name)).toEqual([
      'rows.jsonl',
      'phantom-5.png',
      'a.png',
      'A-2.png',
      'a-3.png',
      'image-rows.jsonl',
      'image-',
    ]);
    const text = new TextDecoder().decode(contents(files).get('rows.jsonl'));
    expect(readExamples(text, 'rows.jsonl').map(({ image }) => image)).toEqual([
      ...['a.png', 'A-2.png', 'a-3.png', 'image-rows.jsonl', 'image-', 'a.png', 'phantom-5.png'],
    ]);
  });

  it('what is written is read again', async () => {
    const cell = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '');
    const image = fc.constantFrom(undefined, { type: 'phantom' as const, seed: 7 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ question: cell, answer: cell, image }), { minLength: 1, maxLength: 6 }),
        async (rows) => {
          const [file] = await rowsFiles(rows);
          const found = readRowsFile(file?.bytes ?? new Uint8Array(), 'rows.jsonl');
          expect(found.problems).toEqual([]);
          expect(withImages(found.rows, new Map()).rows).toEqual(rows);
        },
      ),
      { numRuns: 50 },
    );
  });
});
