import { createHash } from 'node:crypto';
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { main } from '../../../cli/korean/command.ts';
import { StoppedError } from '../../../cli/shared/errors.ts';
import { entry, runCommandHere, runNodeProcess, startNodeProcess, temporaryFolder, type Finished } from '../cli/run.ts';
import { tinyTokenizerJson } from '../tokenizer/tiny-base.ts';

const TEXT = '라마 라마 라마다\n라마, 라마.\r\n\n마라 마라 ab\n'.repeat(3);

/** A folder with base.json and text.txt, and the command line in it. */
async function workbench() {
  const folder = await temporaryFolder();
  const path = (name: string) => join(folder, name);
  await writeFile(path('base.json'), JSON.stringify(tinyTokenizerJson(), undefined, 2));
  await writeFile(path('text.txt'), TEXT);
  // Words with a dot are files of the folder.
  const args = (line: string) =>
    line
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => (/^[\w-]+\.\w+/.test(word) ? path(word) : word));
  const korean = (line: string): Promise<Finished> => runCommandHere(main, args(line));
  const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(path(name), 'utf8'));
  return { path, args, korean, json, files: async () => (await readdir(folder)).sort() };
}

const MODEL = join(import.meta.dirname, '../../fixtures/tokenizer/bpe-identity.model');
const TRAIN = 'train --base base.json --text text.txt --tokens 4';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('npm run korean', () => {
  it('trains, inspects, merges and measures', async () => {
    const { korean, json, path, files } = await workbench();
    const trained = await korean(`${TRAIN} --out pack.json --name tiny --notice made-up`);
    expect(trained).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/pack\.json: tiny, 4 tokens from 12 lines/),
    });
    const pack = readPack(await json('pack.json'));
    expect(pack).toMatchObject({
      name: 'tiny',
      method: 'bpe',
      base: { sha256: sha256(await readFile(path('base.json'), 'utf8')) },
      corpus: { sha256: sha256(TEXT), lines: 12, notice: 'made-up' },
      options: {
        tokens: 4,
        minFrequency: 2,
        longest: 8,
        scripts: 'Hangul',
        punctuation: false,
        superwords: false,
        nfc: false,
      },
    });
    expect(pack.merges[0]).toEqual(['라', '마', 15]);

    const inspected = await korean('inspect --pack pack.json --merges 1');
    expect(inspected.status).toBe(0);
    for (const text of ['tiny', 'made-up', pack.base.sha256, '라 + 마', '15', '…', 'well formed']) {
      expect(inspected.stdout).toContain(text);
    }

    const merged = await korean('merge --base base.json --pack pack.json --out merged.json --text text.txt');
    expect(merged.status).toBe(0);
    expect(merged.stdout.match(/^ok {6}/gm)).toHaveLength(4);
    expect(readTokenizerJson(await json('merged.json')).idOf('라마')).toBe(pack.firstId);

    await writeFile(path('pairs.tsv'), 'ab ab\t라마 라마\nab\t마\n');
    const compare = 'measure --tokenizer base.json --tokenizer merged.json';
    const table = await korean(`${compare} --pairs pairs.tsv`);
    expect(table.status).toBe(0);
    // 라 마 ▁ 라 마 | 마, then 라마 ▁라마 | 마; ab ▁a b | ab
    expect(table.stdout).toMatch(/^tokens +6 +3$/m);
    expect(table.stdout).toMatch(/^Korean tokens to English tokens +1\.500 +0\.750$/m);
    expect(table.stdout).toMatch(/^of these reachable +– +4$/m);
    expect(table.stdout).toContain('5 → 2  라마 라마');
    const printed = await korean(`${compare} --text text.txt --json`);
    expect(JSON.parse(printed.stdout)).toMatchObject({
      lines: 12,
      tokenizers: [
        { file: path('base.json'), measure: { texts: 9, rates: { tokensPerText: expect.any(Number) } } },
        { file: path('merged.json'), reach: { added: 4, addedReachable: 4 }, measure: { change: { longer: 0 } } },
      ],
    });
    const bySource = await korean(`${compare} --pairs pairs.tsv --text text.txt --by-source`);
    expect(bySource.stdout).toMatch(/^text\.txt +9 +\d+ +\d+ +−\d+\.\d % +0 +–$/m);
    expect(bySource.stdout).toMatch(/^pairs\.tsv +2 +6 +3 +−50\.0 % +0 +same$/m);
    const inJson = await korean(`${compare} --text text.txt --pairs pairs.tsv --by-source --json`);
    const listed: unknown = JSON.parse(inJson.stdout);
    expect(listed).toMatchObject({ sources: [{ file: path('text.txt') }, { file: path('pairs.tsv') }] });
    expect(await files()).toEqual(['base.json', 'merged.json', 'pack.json', 'pairs.tsv', 'text.txt']);
  });

  it('makes the same pack again byte for byte, from gzip too', async () => {
    const { korean, path } = await workbench();
    await writeFile(path('packed.gz'), gzipSync(TEXT));
    for (const [text, out] of [
      ['text.txt', 'a.json'],
      ['text.txt', 'b.json'],
      ['packed.gz', 'c.json'],
    ]) {
      const { status } = await korean(`train --base base.json --text ${text} --tokens 9 --out ${out} --name same`);
      expect(status).toBe(0);
    }
    const [a, b, c] = await Promise.all(['a.json', 'b.json', 'c.json'].map((name) => readFile(path(name), 'utf8')));
    expect(b).toBe(a);
    expect(c).toBe(a);
  });

  it('trains on several texts with their weights, and says so in the pack', async () => {
    const { korean, path, json } = await workbench();
    await writeFile(path('other.txt'), '가나 가나 가나\n');
    const { status, stdout } = await korean(
      'train --base base.json --text text.txt:25% --text other.txt:75% --cap 1 --tokens 4 --out pack.json --notice made-up',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/^other\.txt: a word counts [\d.]+ times$/m);
    const pack = readPack(await json('pack.json'));
    const other = sha256('가나 가나 가나\n');
    expect(pack.corpus).toMatchObject({
      sha256: sha256(`${sha256(TEXT)}  text.txt\n${other}  other.txt\n`),
      lines: 13,
      sources: [
        { file: 'text.txt', sha256: sha256(TEXT), lines: 12, weight: '25%' },
        { file: 'other.txt', sha256: other, lines: 1, weight: '75%' },
      ],
    });
    expect(pack.options).toMatchObject({ cap: 1, cappedWords: expect.any(Number) });
    expect((await korean('inspect --pack pack.json')).stdout).toMatch(/other\.txt:75%/);
  });

  it('takes the pieces of an intermediate tokenizer', async () => {
    const { korean, path, json } = await workbench();
    await korean(`${TRAIN} --out pack.json`);
    await korean('merge --base base.json --pack pack.json --out merged.json');
    const { status, stdout } = await korean(
      'train --base base.json --text text.txt --tokens 9 --out filtered.json --from-sentencepiece merged.json',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+ pieces are frequent enough, \d+ taken, \d+ tokens only lead to them$/m);
    const pack = readPack(await json('filtered.json'));
    expect(pack).toMatchObject({
      method: 'sentencepiece-filter',
      options: {
        intermediate: 'merged.json',
        intermediateSha256: sha256(await readFile(path('merged.json'), 'utf8')),
        pieces: expect.any(Number),
      },
    });
    // ▁라마 stands in the text six times, alone or before a mark.
    expect(pack.merges.map(([left, right]) => left + right)).toContain('▁라마');
  });

  it('warns of fewer tokens than asked for and of a missing notice', async () => {
    const { korean } = await workbench();
    const { status, stderr } = await korean('train --base base.json --text text.txt --tokens 500 --out pack.json');
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning: only \d+ of 500 tokens/);
    expect(stderr).toMatch(/warning: no --notice/);
  });

  it('refuses a pack of another base, with both hashes, and writes nothing', async () => {
    const { korean, path, files } = await workbench();
    await korean(`${TRAIN} --out pack.json`);
    const pretty = await readFile(path('base.json'), 'utf8');
    await writeFile(path('other.json'), JSON.stringify(JSON.parse(pretty)));
    const { status, stderr } = await korean('merge --base other.json --pack pack.json --out merged.json');
    expect(status).toBe(1);
    expect(stderr).toContain(sha256(pretty));
    expect(stderr).toContain(sha256(await readFile(path('other.json'), 'utf8')));
    expect(await files()).not.toContain('merged.json');
  });

  it('writes nothing when a check fails', async () => {
    const { korean, path, json, files } = await workbench();
    await korean(`${TRAIN} --out pack.json`);
    const pack = readPack(await json('pack.json'));
    // Changes English, which a Korean pack must not.
    const wrong = { ...pack, merges: [['c', 'd', 1]] };
    await writeFile(path('wrong.json'), JSON.stringify(wrong));
    await writeFile(path('english.txt'), 'abcd\n');
    const { status, stdout, stderr } = await korean(
      'merge --base base.json --pack wrong.json --out merged.json --text english.txt',
    );
    expect(stdout).toMatch(
      /^FAILED {2}text without characters of the pack’s scripts keeps its ids: \d of \d+, such as .*"abcd"/m,
    );
    expect(stderr).toMatch(/error: 1 of 4 checks failed; nothing was written/);
    expect(status).toBe(1);
    expect(await files()).not.toContain('merged.json');
  });

  it.each<[string, string, RegExp]>([
    ['no command', '', /Usage: korean/],
    ['no options', 'train', /required option '--base/],
    [
      'no number of tokens',
      'train --base base.json --text text.txt --tokens many --out pack.json',
      /positive whole number/,
    ],
    [
      'a base that is not there',
      `${TRAIN} --out pack.json`.replace('base.json', 'no.json'),
      /^error: .*no\.json does not exist; check the path$/m,
    ],
    [
      'a base that is no JSON',
      `${TRAIN} --out pack.json`.replace('base.json', 'text.txt'),
      /^error: .*text\.txt is not JSON/m,
    ],
    [
      'a base that is no tokenizer',
      `${TRAIN} --out pack.json`.replace('base.json', 'list.json'),
      /^error: .*list\.json: /m,
    ],
    [
      'a text that is not there',
      `${TRAIN} --out pack.json`.replace('text.txt', 'no.txt'),
      /^error: .*no\.txt does not exist; check the path$/m,
    ],
    [
      'a text in an encoding of other languages',
      `${TRAIN} --out pack.json`.replace('text.txt', 'latin.txt'),
      /latin\.txt is neither UTF-8 nor UTF-16 nor CP949; save it as UTF-8/,
    ],
    [
      'half a gzip',
      `${TRAIN} --out pack.json`.replace('text.txt', 'half.gz'),
      /half\.gz is broken: .*; download or pack it again/,
    ],
    [
      'a text without Korean',
      `${TRAIN} --out pack.json`.replace('text.txt', 'ascii.txt'),
      /ascii\.txt holds no Hangul; name a text with sentences in Hangul, one a line; nothing was written/,
    ],
    [
      'an empty text',
      `${TRAIN} --out pack.json`.replace('text.txt', 'empty.txt'),
      /empty\.txt holds no Hangul, and no text at all; name/,
    ],
    [
      'a text of one line',
      `${TRAIN} --out pack.json`.replace('text.txt', 'one.txt'),
      /one\.txt holds no pair of Hangul pieces that stands there 2 times; give more text or a lower --min-frequency;/,
    ],
    [
      'such a text in NFD',
      `${TRAIN} --out pack.json`.replace('text.txt', 'nfd.txt'),
      /give --nfc, which composes decomposed Hangul, more text or a lower --min-frequency;/,
    ],
    [
      'a pack in place of a base',
      `${TRAIN} --out pack.json`.replace('base.json', 'korean.json'),
      /korean\.json is a Korean pack, not a tokenizer; name a tokenizer\.json; "npm run korean -- merge"/,
    ],
    [
      'a pack in place of a tokenizer',
      'measure --tokenizer korean.json --text text.txt',
      /korean\.json is a Korean pack, not a tokenizer; name a tokenizer\.json/,
    ],
    [
      'a SentencePiece model in place of a base',
      `${TRAIN} --out pack.json`.replace('base.json', 'gemma.model'),
      /gemma\.model is a SentencePiece model, not a tokenizer; name the tokenizer\.json of the same model/,
    ],
    [
      'a base in place of a pack',
      'merge --base base.json --pack base.json --out merged.json',
      /base\.json is a tokenizer\.json, not a Korean pack; name the file that "npm run korean -- train" wrote/,
    ],
    ['an unknown script', `${TRAIN} --out pack.json --scripts Korean`, /Unicode knows no script "Korean"/],
    [
      'a folder for a text',
      `${TRAIN} --out pack.json`.replace('text.txt', '/'),
      /^error: \/ is a folder, not a file; name a file$/m,
    ],
    [
      'a link to nothing',
      `${TRAIN} --out pack.json`.replace('text.txt', 'link.txt'),
      /^error: .*link\.txt is a link to \/nowhere\/text, which does not exist; restore/m,
    ],
    ['an output that is there', `${TRAIN} --out text.txt`, /text\.txt already exists; name a new file/],
    [
      'an output in no folder',
      `${TRAIN} --out none.d/pack.json`,
      /none\.d is no folder; make it, or name another file with --out/,
    ],
    [
      'a pack that is none',
      'inspect --pack list.json',
      /^error: .*list\.json is other JSON, not a Korean pack; name the file/m,
    ],
    [
      'pairs that are none',
      'measure --tokenizer base.json --pairs text.txt',
      /text\.txt is no table: neither tabs nor commas cut its lines into columns; write a pair a line, with one tab/,
    ],
    ['a text without sentences', 'measure --tokenizer base.json --text blank.txt', /blank\.txt holds no sentences/],
    [
      'a text in place of a SentencePiece model',
      'measure --tokenizer text.txt --text text.txt',
      /text\.txt: .*are no SentencePiece model.*damaged, or no tokenizer/,
    ],
    ['a weight of nothing', `${TRAIN} --out pack.json`.replace('text.txt', 'text.txt:0'), /weight above 0/],
    ['a weight below nothing', `${TRAIN} --out pack.json`.replace('text.txt', 'text.txt:-1'), /weight above 0/],
    ['more than all', `${TRAIN} --out pack.json`.replace('text.txt', 'text.txt:150%'), /share of at most 100 %/],
    [
      'a share beside a weight',
      `${TRAIN} --out pack.json`.replace('text.txt', 'text.txt:50% --text text.txt:2'),
      /Give every text a share in percent, or none/,
    ],
    [
      'a text and pairs',
      'measure --tokenizer base.json --pairs text.txt --text text.txt',
      /2 files are named; add --by-source to see each beside the others, or name one/,
    ],
  ])('ends with 1 on %s and makes nothing', async (_, line, message) => {
    const { korean, path, files } = await workbench();
    await writeFile(path('list.json'), '[]');
    await writeFile(path('empty.txt'), '');
    await writeFile(path('one.txt'), '가나 다라\n');
    await writeFile(path('nfd.txt'), '가나 다라\n'.normalize('NFD'));
    await writeFile(path('korean.json'), '{"format":"medgemma-ko-lab/korean/1"}');
    await cp(MODEL, path('gemma.model'));
    await writeFile(path('blank.txt'), '\n  \n');
    await writeFile(path('latin.txt'), Buffer.from('Fièvre et toux, où et depuis quand\n', 'latin1'));
    await writeFile(path('ascii.txt'), 'no Korean here\n'.repeat(9));
    await writeFile(path('half.gz'), gzipSync(TEXT).subarray(0, 40));
    await symlink('/nowhere/text', path('link.txt'));
    const before = await files();
    const { status, stdout, stderr } = await korean(line);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(status).toBe(1);
    expect(await files()).toEqual(before);
  });

  it('can be stopped, and writes nothing then', async () => {
    const { args, path, files } = await workbench();
    await writeFile(path('long.txt'), TEXT);
    const before = await files();
    const stopped = await runCommandHere(
      main,
      args('train --base base.json --text long.txt --tokens 4 --out pack.json'),
      AbortSignal.abort(new StoppedError('SIGTERM')),
    );
    expect(stopped).toMatchObject({ status: 143, stdout: '' });
    expect(stopped.stderr).toMatch(/^error: stopped by SIGTERM; nothing was kept$/m);
    expect(await files()).toEqual(before);
  });
});

describe('the process of npm run korean', { timeout: 60_000 }, () => {
  it('ends with the status of the command and writes results alone to stdout', async () => {
    const { args, path } = await workbench();
    const good = await runNodeProcess([
      ...entry('korean'),
      ...args('measure --tokenizer base.json --text text.txt --json'),
    ]);
    expect(JSON.parse(good.stdout)).toMatchObject({ file: path('text.txt'), lines: 12 });
    expect(good.stderr).toContain('measuring');
    expect(good.status).toBe(0);
    const bad = await runNodeProcess([...entry('korean'), 'inspect', '--pack', path('none')]);
    expect(bad).toEqual({ status: 1, stdout: '', stderr: `error: ${path('none')} does not exist; check the path\n` });
  });

  it('ends with 130 on Ctrl-C', async () => {
    const { args, path, files } = await workbench();
    // Large enough to be at work for some seconds.
    await writeFile(path('long.txt'), '라마 라마 라마다 마라 다라 가나다라 마바사\n'.repeat(2_000_000));
    const before = await files();
    const child = startNodeProcess([
      ...entry('korean'),
      ...args('train --base base.json --text long.txt --tokens 4 --out pack.json'),
    ]);
    await expect.poll(() => child.stderr(), { timeout: 30_000, interval: 20 }).toContain('reading');
    child.kill('SIGINT');
    expect(await child.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('error: stopped by SIGINT') });
    expect(await files()).toEqual(before);
  });
});
