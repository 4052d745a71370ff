/** Texts and pairs as people bring them, through the command line. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { main } from '../../../cli/korean/command.ts';
import { runCommandHere, temporaryFolder, type Finished } from '../cli/run.ts';
import { tinyTokenizerJson } from '../tokenizer/tiny-base.ts';

const CASES = fileURLToPath(new URL('../../fixtures/cases/', import.meta.url));

async function workbench() {
  const folder = await temporaryFolder();
  const path = (name: string) => join(folder, name);
  await writeFile(path('base.json'), JSON.stringify(tinyTokenizerJson(), undefined, 2));
  const korean = (line: string): Promise<Finished> =>
    runCommandHere(
      main,
      line.split(' ').map((word) => (/^[\w-]+\.\w+/.test(word) ? path(word) : word.replace('cases/', CASES))),
    );
  return { path, korean };
}

const MEASURE = 'measure --tokenizer base.json --json';
const tokensOf = ({ stdout }: Finished): unknown => {
  const { tokenizers } = JSON.parse(stdout) as { tokenizers: { measure: { tokens?: number; ratio?: number } }[] };
  const [first] = tokenizers;
  return first?.measure.tokens ?? first?.measure.ratio;
};

describe('texts of the command line', () => {
  it('are read in the encoding that they have, and it is said', async () => {
    const { path, korean } = await workbench();
    await writeFile(path('utf8.txt'), '환자는 열이 있습니다.\n'.repeat(30));
    const expected = tokensOf(await korean(`${MEASURE} --text utf8.txt`));
    const cp949 = await korean(`${MEASURE} --text cases/text/cp949.txt`);
    expect(cp949.stderr).toMatch(/cp949\.txt was read as CP949 \(EUC-KR\), as Korean Excel writes it/);
    const utf16 = await korean(`${MEASURE} --text cases/text/utf16.txt`);
    expect(utf16.stderr).toMatch(/utf16\.txt was read as UTF-16 LE/);
    expect([tokensOf(cp949), tokensOf(utf16)]).toEqual([expected, expected]);
    expect(JSON.parse(cp949.stdout)).toMatchObject({ encoding: 'euc-kr', lines: 30 });
    const english = await korean(`${MEASURE} --text cases/text/utf16nobom.txt`);
    expect(english.stderr).toMatch(/utf16nobom\.txt was read as UTF-16 LE/);
    expect(JSON.parse(english.stdout)).toMatchObject({ lines: 30, tokenizers: [{ measure: { words: 90 } }] });

    for (const name of ['cp949.txt', 'utf16.txt']) {
      const { status, stderr } = await korean(
        `train --base base.json --text cases/text/${name} --tokens 3 --out ${name}.json`,
      );
      // The tiny base has no syllable of this text: what matters is that the text was read.
      expect([status, stderr]).toEqual([1, expect.stringContaining('holds no pair of Hangul pieces')]);
    }
  });

  it('may end their lines with CR alone, also where a gzip is cut', async () => {
    const { path, korean } = await workbench();
    const lines = Array.from({ length: 5000 }, (_, at) => `가나 ${at} 다라 ab`.repeat(1 + (at % 9)));
    await writeFile(path('lf.txt'), lines.join('\n'));
    await writeFile(path('cr.txt'), lines.join('\r') + '\r');
    await writeFile(path('crlf.gz'), gzipSync(lines.join('\r\n') + '\r\n'));
    for (const name of ['lf.txt', 'cr.txt', 'crlf.gz']) {
      const measured = await korean(`${MEASURE} --text ${name}`);
      expect(JSON.parse(measured.stdout)).toMatchObject({ lines: 5000 });
      expect(tokensOf(measured)).toBe(tokensOf(await korean(`${MEASURE} --text lf.txt`)));
    }
  });

  it('are composed nowhere unless asked, and it is said in train, merge and measure alike', async () => {
    const { path, korean } = await workbench();
    const text = '라마 라마 라마다\n나다 라마\n'.repeat(3);
    await writeFile(path('nfc.txt'), text);
    await writeFile(path('nfd.txt'), text.normalize('NFD'));
    const counts: unknown[] = [];
    for (const options of ['--text nfc.txt', '--text nfd.txt --nfc', '--text nfd.txt']) {
      counts.push(tokensOf(await korean(`${MEASURE} ${options}`)));
    }
    expect(counts[1]).toBe(counts[0]);
    expect(Number(counts[2])).toBeGreaterThan(2 * Number(counts[0]));

    const train = (options: string, out: string) => korean(`train --base base.json ${options} --tokens 4 --out ${out}`);
    const packOf = async (name: string) => readPack(JSON.parse(await readFile(path(name), 'utf8')));
    const composed = await train('--text nfd.txt --nfc', 'composed.json');
    expect((await train('--text nfc.txt', 'plain.json')).stderr).not.toContain('NFD');
    expect((await packOf('composed.json')).merges).toEqual((await packOf('plain.json')).merges);
    const asItStands = await train('--text nfd.txt', 'none.json');
    const merge = (options: string, out: string) =>
      korean(`merge --base base.json --pack plain.json ${options} --out ${out}`);
    const COMPOSED = /nfd\.txt: 6 of 6 lines: decomposed Hangul \(NFD\), composed to NFC as --nfc asks/;
    const STANDS = /nfd\.txt: 6 of 6 lines: decomposed Hangul \(NFD\), taken as it stands, .*; --nfc composes it/;
    expect(composed.stderr).toMatch(COMPOSED);
    expect((await merge('--text nfd.txt --nfc', 'a.json')).stderr).toMatch(COMPOSED);
    expect((await korean(`${MEASURE} --text nfd.txt --nfc`)).stderr).toMatch(COMPOSED);
    expect(asItStands.stderr).toMatch(STANDS);
    expect((await merge('--text nfd.txt', 'b.json')).stderr).toMatch(STANDS);
    expect((await korean(`${MEASURE} --text nfd.txt`)).stderr).toMatch(STANDS);
  });

  it.each([
    [
      'lfs.json',
      /lfs\.json is a Git LFS pointer, which stands in place of the file, .*; download it with "git lfs pull"/,
    ],
    ['lfs.model', /lfs\.model is a Git LFS pointer/],
    [
      'gated.json',
      /gated\.json is a web page \(HTML\), not a (?:text|table of sentence pairs); log in, accept the terms and download again/,
    ],
    [
      'error.json',
      /error\.json is the error message of a server: “Access to model google\/gemma-3-4b-it is restricted/,
    ],
  ])('are no %s', async (name, message) => {
    const { path, korean } = await workbench();
    await copyFile(join(CASES, 'text', name), path(name));
    for (const line of [
      `${MEASURE} --text ${name}`,
      `${MEASURE} --pairs ${name}`,
      `train --base base.json --text ${name} --tokens 3 --out pack.out`,
    ]) {
      const { status, stdout, stderr } = await korean(line);
      expect(stderr).toMatch(message);
      expect([status, stdout]).toEqual([1, '']);
    }
  });
});

describe('pairs of the command line', () => {
  it('are read as the page reads them, and what was done is said', async () => {
    const { korean } = await workbench();
    const pairs = (name: string) => korean(`${MEASURE} --pairs cases/pairs/${name}`);
    const expected = tokensOf(await pairs('good.tsv'));
    for (const [name, note] of [
      ['swapped.tsv', /swapped\.tsv: column 2 of 2 is read as English, column 1 as Korean/],
      ['header.tsv', /header\.tsv: the first row names the columns and is not measured/],
      ['comma.csv', /comma\.csv: the first row names the columns/],
      ['three.tsv', /three\.tsv: column 1 of 3 is read as English, column 2 as Korean/],
      ['trailingtab.tsv', /column 1 of 3/],
      ['cr.tsv', /^(?!.*warning)/s],
      ['cp949.tsv', /cp949\.tsv was read as CP949/],
      ['utf16.tsv', /utf16\.tsv was read as UTF-16 LE/],
    ] as const) {
      const measured = await pairs(name);
      expect([name, tokensOf(measured)]).toEqual([name, expected]);
      expect(measured.stderr).toMatch(note);
    }
    const missing = await pairs('missing.tsv');
    expect(missing.stderr).toMatch(/warning: .*missing\.tsv: 2 half-empty rows were left out, the first is row 2/);
    expect(JSON.parse(missing.stdout)).toMatchObject({ leftOut: { halfEmpty: 2 }, tokenizers: [{ measure: {} }] });
    const decomposed = await korean(`${MEASURE} --pairs cases/pairs/nfd-swapped.tsv --nfc`);
    expect([tokensOf(decomposed), decomposed.stderr]).toEqual([expected, expect.stringContaining('as --nfc asks')]);
    expect((await pairs('nfd-swapped.tsv')).stderr).toMatch(
      /3 of 3 pairs: decomposed Hangul \(NFD\), taken as it stands/,
    );
  });
});
