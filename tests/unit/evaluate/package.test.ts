/** Packages through ONNX Runtime: what is shared between questions changes nothing, and who knows nothing gets nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { drawExample } from '#core/phantoms/examples.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { textPairs, type Pair } from '#core/phantoms/pairs.ts';
import { answerAll, type Outcome } from '../../../cli/evaluate/answer.ts';
import { openModel, type EvaluatedModel } from '../../../cli/evaluate/model.ts';
import { exportFixture } from '../../reference/node.ts';
import { changed, exportRandomTeachingModel, folderOfFile } from './packages.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = await folderOfFile();
const { phantom, pairs } = drawExample('evaluation', 0, 3, 4);
const pixels = renderPhantom(phantom);
let fp32: string;
let model: EvaluatedModel;

beforeAll(async () => {
  fp32 = await exportRandomTeachingModel(folder, 'fp32');
  model = await openModel(fp32, 1);
});

async function oneByOne(all: readonly Pair[], features: Float32Array | undefined): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const pair of all) outcomes.push(...(await answerAll(model, [pair], features)));
  return outcomes;
}

function expectSame(found: readonly Outcome[], expected: readonly Outcome[]): void {
  expect(found.map(({ ids }) => ids)).toEqual(expected.map(({ ids }) => ids));
  found.forEach(({ negativeLogLikelihood }, at) =>
    expect(negativeLogLikelihood / (expected[at]?.negativeLogLikelihood ?? NaN)).toBeCloseTo(1, 4),
  );
}

describe('a package with random weights', () => {
  it('answers several questions as it answers each alone', async () => {
    const features = await model.encodeImage(pixels);
    const together = await answerAll(model, pairs, features);
    expectSame(together, await oneByOne(pairs, features));
    // The prompts have the image and more in common, and yet are not the same.
    expect(new Set(together.map(({ negativeLogLikelihood }) => negativeLogLikelihood)).size).toBe(pairs.length);
    const talk = textPairs('ko').slice(0, 3);
    expectSame(await answerAll(model, talk, undefined), await oneByOne(talk, undefined));
  });

  it('sees the image', async () => {
    const seen = await answerAll(model, pairs, await model.encodeImage(pixels));
    const other = renderPhantom(drawExample('evaluation', 0, 4, 0).phantom);
    const elsewhere = await answerAll(model, pairs, await model.encodeImage(other));
    seen.forEach(({ negativeLogLikelihood }, at) =>
      expect(negativeLogLikelihood).not.toBe(elsewhere[at]?.negativeLogLikelihood),
    );
  });

  it('answers nothing right, and is as surprised as one that guesses among all tokens', async () => {
    const outcomes = await answerAll(model, pairs, await model.encodeImage(pixels));
    expect(outcomes.filter(({ right }) => right)).toEqual([]);
    const negativeLogLikelihood = outcomes.reduce((sum, outcome) => sum + outcome.negativeLogLikelihood, 0);
    const tokens = outcomes.reduce((sum, outcome) => sum + outcome.tokens, 0);
    // Uniform over the 512 tokens would be 6.24 negativeLogLikelihood.
    expect(negativeLogLikelihood / tokens).toBeGreaterThan(5);
  });

  it.each(['q8', 'q4', 'q2'] as const)('opens as %s', async (dtype) => {
    const opened = await openModel(await exportRandomTeachingModel(folder, dtype), 1);
    expect(opened.about).toMatchObject({ dtype, vision_dtype: 'q8' });
    const asked = pairs.slice(0, 1);
    const [outcome] = await answerAll(opened, asked, await opened.encodeImage(pixels));
    expect(outcome?.negativeLogLikelihood).toBeGreaterThan(0);
    const [whole] = await answerAll(model, asked, await model.encodeImage(pixels));
    expect(outcome?.negativeLogLikelihood).not.toBe(whole?.negativeLogLikelihood);
  });
});

describe('is refused:', () => {
  it.each<[string, (out: string) => Promise<string>, RegExp]>([
    ['no folder', async () => '/nowhere', /\/nowhere does not exist; --package names what "npm run export" wrote/],
    [
      'a folder around packages',
      async () => folder,
      /a folder around the one that was meant .*; name the folder in it: [\w-]+$/,
    ],
    ['no tokenizer', (out) => changed(fp32, out, 'tokenizer.json'), /it has no tokenizer\.json/],
    [
      'no vision encoder',
      (out) => changed(fp32, out, 'onnx/vision_encoder.onnx'),
      /it has no onnx\/vision_encoder\.onnx/,
    ],
    [
      'a graph without its weights',
      (out) => changed(fp32, out, 'onnx/decoder_model_merged.onnx_data'),
      /it has no onnx\/decoder_model_merged\.onnx_data; write the package anew with "npm run export"/,
    ],
    ['a broken file', (out) => changed(fp32, out, 'config.json', '{'), /config\.json is broken: not JSON/],
    [
      'another image size',
      otherSize,
      /takes images of 112 × 112, phantoms are 64 × 64: it is no package of the teaching/,
    ],
    ['no end of turn', withoutEndOfTurn, /tokenizer\.json has no token <end_of_turn>/],
  ])('%s', async (name, make, message) => {
    await expect(openModel(await make(join(folder, name)), 1)).rejects.toThrow(message);
  });

  async function otherSize(out: string): Promise<string> {
    await exportFixture(out, 'fp32');
    return out;
  }

  async function withoutEndOfTurn(out: string): Promise<string> {
    const tokenizer = await readFile(join(fp32, 'tokenizer.json'), 'utf8');
    return changed(fp32, out, 'tokenizer.json', tokenizer.replaceAll('<end_of_turn>', '<end_of_tale>'));
  }
});
