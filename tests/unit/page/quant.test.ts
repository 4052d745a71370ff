import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SETS } from '#core/phantoms/sets.ts';
import { judge } from '#core/phantoms/verdict.ts';
import { BLOCK_SIZES, QUANT_FORMATS, QUANT_METHODS } from '#core/quant/settings.ts';
import { coarser } from '../../../src/labs/quant/coarser.ts';
import { presets } from '../../../src/labs/quant/presets.ts';
import { sheetOf } from '../../../src/labs/quant/questions.ts';
import { partsCode, readParts, readSettings, settingsCode } from '../../../src/labs/quant/settings-code.ts';
import { linkTo, readShared, SHEET_SIZES, STEPS, writeShared } from '../../../src/labs/quant/share.ts';
import { variantsOf } from '../../../src/labs/quant/variants.ts';
import { differingWords } from '../../../src/labs/quant/word-diff.ts';
import { readHash } from '../../../src/platform/place.svelte.ts';
import { phantomNumbered } from '../../../src/chat/phantoms.ts';

const settings = fc.record({
  format: fc.constantFrom(...QUANT_FORMATS),
  symmetric: fc.boolean(),
  blockSize: fc.constantFrom(...BLOCK_SIZES),
  method: fc.constantFrom(...QUANT_METHODS),
});
const parts = fc.record({ attention: settings, mlp: settings, head: settings, vision: settings });

test('settings come back from their code, but for what has no effect', () => {
  fc.assert(
    fc.property(settings, (given) => {
      const read = readSettings(settingsCode(given));
      expect(read?.format).toBe(given.format);
      if (given.format === 'fp16') return;
      expect(read).toEqual({ ...given, symmetric: given.format === 'nf4' || given.symmetric });
    }),
  );
  for (const bad of ['', 'q4', 'q5-32-s-round', 'q4-33-s-round', 'q4-32-x-round', 'q4-32-s-guess', 'q4-32-s-round-1']) {
    expect(readSettings(bad)).toBeUndefined();
    expect(readParts(bad)).toBeUndefined();
  }
  expect(partsCode(presets.q4)).toBe('q4-32-s-round');
  expect(partsCode(presets.mixed)).toBe('q4-32-s-search_q2-32-s-search_q8-32-s-round_q8-32-s-round');
  expect(readParts('q4-32-s-round_q4-32-s-round')).toBeUndefined();
});

test('a link brings the state back, in letters that an address may have', () => {
  const shared = fc.record({
    step: fc.constantFrom(...STEPS),
    matrix: fc.option(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), { nil: undefined }),
    settings,
    row: fc.nat(9_999_999),
    column: fc.nat(9_999_999),
    parts,
    set: fc.nat(SETS - 1),
    phantoms: fc.option(fc.constantFrom(...SHEET_SIZES), { nil: undefined }),
    tried: fc.array(parts, { maxLength: 24 }),
  });
  fc.assert(
    fc.property(shared, (given) => {
      const link = linkTo(given, 'https://lab.example/?lang=en#/chat');
      const { lab, query } = readHash(new URL(link).hash);
      expect(lab).toBe('quant');
      const { found, broken } = readShared(query);
      expect(broken).toEqual([]);
      // The same state writes the same link: no more is lost than what has no effect.
      expect(
        writeShared({
          ...given,
          ...found,
          step: found.step ?? expect.fail(),
          settings: found.settings ?? expect.fail(),
          parts: found.parts ?? expect.fail(),
          set: found.set ?? expect.fail(),
          row: found.row ?? 0,
          column: found.column ?? 0,
          tried: found.tried ?? [],
        }),
      ).toBe(writeShared(given));
      expect(found.matrix).toBe(given.matrix);
      expect([found.step, found.set, found.phantoms]).toEqual([given.step, given.set, given.phantoms]);
      expect([found.row ?? 0, found.column ?? 0]).toEqual([given.row, given.column]);
      expect((found.tried ?? []).map(partsCode)).toEqual(given.tried.map(partsCode));
    }),
  );
});

test('what a link holds and cannot be read is named, the rest is taken', () => {
  const query = new URLSearchParams(
    'step=9&at=q4-32-s-round&set=1000000&weight=-1.2&tried=q4-32-s-round.q9&phantoms=10',
  );
  const { found, broken } = readShared(query);
  expect(broken.sort()).toEqual(['set', 'step', 'tried', 'weight']);
  expect(found.settings).toEqual({ format: 'q4', symmetric: true, blockSize: 32, method: 'round' });
  expect([found.step, found.set, found.row, found.tried, found.phantoms]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    10,
  ]);
  expect(readShared(new URLSearchParams()).broken).toEqual([]);
});

const marked = (reference: string, text: string) =>
  differingWords(reference, text)
    .map(({ text: word, same }) => (same ? word : `[${word}]`))
    .join(' ');

test('differing words are marked, and as few as can be', () => {
  expect(marked('병변이 두 개 있습니다.', '병변이 두 개 있습니다.')).toBe('병변이 두 개 있습니다.');
  expect(marked('병변이 두 개 있습니다.', '병변이 세 개 있습니다.')).toBe('병변이 [세] 개 있습니다.');
  expect(marked('a b c', 'x a  c y')).toBe('[x] a c [y]');
  expect(marked('', 'a')).toBe('[a]');
  expect(marked('a', '')).toBe('');
  // Taking the first "a" of the reference for the first word would lose two others.
  expect(marked('b c a', 'a b c')).toBe('[a] b c');
  expect(marked('a b a b', 'b a')).toBe('b a');
});

test('as many words are left unmarked as the longest common subsequence has', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 });
  fc.assert(
    fc.property(words, words, (one, other) => {
      const result = differingWords(one.join(' '), other.join(' '));
      expect(result.map(({ text }) => text)).toEqual(other);
      const kept = result.filter(({ same }) => same).map(({ text }) => text);
      expect(isSubsequence(kept, one)).toBe(true);
      expect(kept.length).toBe(longest(one, other));
    }),
  );
});

test('the coarse error map keeps the mean square', () => {
  const fine = { rows: 6, columns: 10, values: Float32Array.from({ length: 60 }, (_, at) => at / 7) };
  const { rows, columns, values } = coarser(fine, 2);
  expect([rows, columns]).toEqual([2, 2]);
  const meanSquare = (of: ArrayLike<number>) => Array.from(of).reduce((sum, value) => sum + value ** 2, 0) / of.length;
  // All coarse cells cover fifteen fine ones.
  expect(meanSquare(values)).toBeCloseTo(meanSquare(fine.values), 5);
  expect(values[3]).toBeGreaterThan(values[0] ?? NaN);
  expect([...coarser({ rows: 1, columns: 2, values: [3, 4] }, 8).values]).toEqual([3, 4]);
});

test('a sheet is the same for all who name its set, in both languages in turn, and its answers are right', () => {
  const sheet = sheetOf(123, 6);
  expect(sheet.map(({ number }) => number)).toEqual(['123-1', '123-2', '123-3', '123-4', '123-5', '123-6']);
  expect(sheet.map(({ language }) => language)).toEqual(['ko', 'en', 'ko', 'en', 'ko', 'en']);
  expect(sheetOf(123, 2).map(({ text, answer }) => text + answer)).toEqual(
    sheet.slice(0, 2).map(({ text, answer }) => text + answer),
  );
  expect(sheetOf(124, 6).map(({ text }) => text)).not.toEqual(sheet.map(({ text }) => text));
  for (const { number, text, answer } of sheet) {
    const shown = phantomNumbered(number)?.phantom ?? expect.fail(number);
    expect(judge(text, answer, shown)?.right).toBe(true);
  }
});

test('a folder with several decoders is as many packages; what they share goes with each', () => {
  const paths = [
    'config.json',
    'manifest.json',
    'onnx/decoder_model_merged_fp16.onnx',
    'onnx/decoder_model_merged_fp16.onnx_data',
    'onnx/decoder_model_merged_q4.onnx',
    'onnx/decoder_model_merged_q4.onnx_data_1',
    'onnx/embed_tokens_fp16.onnx',
    'onnx/embed_tokens_q4.onnx',
    'onnx/vision_encoder_fp16.onnx',
  ];
  const source = (names: string[]) => ({
    type: 'files' as const,
    name: 'mine',
    files: names.map((path) => ({ path, blob: new Blob([path]) })),
  });
  const variants = variantsOf(source(paths));
  const pathsOf = (at: number) => {
    const { source } = variants[at] ?? expect.fail('no such variant');
    return source.type === 'files' ? source.files.map(({ path }) => path) : [];
  };
  expect(variants.map(({ mark }) => mark)).toEqual(['fp16', 'q4']);
  expect(pathsOf(0)).toEqual(paths.filter((path) => path !== 'manifest.json' && !path.includes('_q4')));
  expect(pathsOf(1)).toEqual([
    'config.json',
    'onnx/decoder_model_merged_q4.onnx',
    'onnx/decoder_model_merged_q4.onnx_data_1',
    'onnx/embed_tokens_q4.onnx',
    'onnx/vision_encoder_fp16.onnx',
  ]);
  // One decoder: nothing is taken away, not even the manifest.
  const one = source(paths.filter((path) => !path.includes('_fp16')));
  expect(variantsOf(one)).toEqual([{ mark: 'q4', source: one }]);
  const text = source(['onnx/model.onnx', 'onnx/model_q4.onnx']);
  expect(variantsOf(text).map(({ mark }) => mark)).toEqual(['', 'q4']);
});

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const word of whole) if (word === part[at]) at++;
  return at === part.length;
}

/** Without a table: every word of the first is taken or left. */
function longest(one: readonly string[], other: readonly string[]): number {
  const [first, ...rest] = one;
  if (first === undefined) return 0;
  const at = other.indexOf(first);
  const without = longest(rest, other);
  return at < 0 ? without : Math.max(without, 1 + longest(rest, other.slice(at + 1)));
}
