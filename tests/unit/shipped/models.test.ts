/** What stands in public/models: made from its own sources, by the commands that the plan names, and as its figures say. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { readAdapter } from '#core/lora/adapter.ts';
import { KINDS } from '#core/phantoms/question.ts';
import type { Scores } from '#core/phantoms/scores.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { FileSource } from '../../../cli/shared/file-source.ts';
import { makePackages, recordOf, SHIPPED, unlikeRecorded } from '../../../cli/teach/teaching-packages.ts';
import { ADAPTERS, MODELS } from '../../../cli/teach/plan.ts';
import { modelCard } from '../../../cli/teach/card.ts';
import type { Results } from '../../../cli/teach/results.ts';
import { MAX_SHIPPED_BYTES, MAX_SHIPPED_BYTES_IN_GIT, sizeInGit, sizeOf } from '../../../cli/teach/size.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const shipped = join(root, 'public/models');

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8'));
}

describe('the packages', () => {
  beforeAll(() => makePackages({ ...SHIPPED, log: () => undefined }), 120_000);

  it.each(MODELS)('%s in 4 bits, made from the shipped source, is byte for byte what was evaluated', async (model) => {
    expect(await unlikeRecorded(shipped, `${model}-q4`)).toEqual([]);
    expect(Object.keys(await recordOf(join(shipped, `${model}-q4`)))).toContain(
      'onnx/decoder_model_merged_q4.onnx_data',
    );
    const manifest = await json<Manifest>(join(shipped, `${model}-q4`, 'manifest.json'));
    expect(manifest).toMatchObject({ teaches: 'phantoms', source: { randomWeights: false } });
  });

  it('take no more room than the page and the repository have for them', async () => {
    expect([MAX_SHIPPED_BYTES, MAX_SHIPPED_BYTES_IN_GIT]).toEqual([25e6, 16.5e6]);
    expect(await sizeOf(shipped)).toBeLessThan(MAX_SHIPPED_BYTES);
    expect(await sizeInGit(shipped)).toBeLessThan(MAX_SHIPPED_BYTES_IN_GIT);
  });
});

describe('the adapters', () => {
  it.each(ADAPTERS)('$name fits the shipped model and has the shape that it is said to have', async (made) => {
    const folder = join(shipped, 'adapters', made.name);
    const model = parseConfig(await json(join(shipped, 'teaching-ko-fp16', 'config.json')));
    const config = parseAdapterConfig(await json(join(folder, 'adapter_config.json')));
    const source = await FileSource.open(join(folder, 'adapter_model.safetensors'));
    try {
      const { modules } = await readAdapter(config, source, model);
      expect(config).toMatchObject({ rank: made.rank, alpha: made.alpha });
      expect(new Set(modules.map(({ target }) => target))).toEqual(new Set(made.targets));
      const parameters = modules.reduce((total, { a, b }) => total + a.length + b.length, 0);
      expect(parameters).toBe((await results()).adapters[made.name]?.parameters);
    } finally {
      await source.close();
    }
  });
});

function results(): Promise<Results> {
  return json(join(shipped, 'results.json'));
}

/** What was promised of the models; a run that does not keep it is not shipped. */
describe('the figures', () => {
  const of = async (model: (typeof MODELS)[number], name: string): Promise<Scores> => {
    const scores = (await results()).models[model].packages[name];
    if (!scores) throw new Error(`no ${name} of ${model}`);
    return scores;
  };

  it.each(MODELS)('%s answers 95 % of unseen questions, 90 % of each kind in each language', async (model) => {
    const scores = await of(model, 'fp32');
    expect(scores.exact_match).toBeGreaterThanOrEqual(0.95);
    const kinds = Object.entries(scores.by_question_and_language);
    expect(kinds).toHaveLength(2 * KINDS.length);
    for (const [kind, fraction] of kinds) expect([kind, fraction >= 0.9]).toEqual([kind, true]);
  });

  it.each(MODELS)(
    '%s only guesses without the image, loses at most 3 points in 4 bits, and breaks in 2',
    async (model) => {
      const [whole, blank, four, two] = [
        await of(model, 'fp32'),
        await of(model, 'fp32-blank'),
        await of(model, 'q4'),
        await of(model, 'q2'),
      ];
      expect(blank.exact_match_about_images).toBeLessThan(0.35);
      expect(four.exact_match).toBeGreaterThanOrEqual(whole.exact_match - 0.03);
      // Searched scales save much at 2 bits, and yet there are several times as many wrong answers.
      expect(1 - two.exact_match).toBeGreaterThan(3 * (1 - four.exact_match));
    },
  );

  it('the Korean vocabulary saves at least 30 % of the tokens of Korean questions', async () => {
    const [before, after] = [await of('teaching-base', 'fp32'), await of('teaching-ko', 'fp32')];
    expect(after.prompt_tokens['ko'] ?? NaN).toBeLessThan(0.7 * (before.prompt_tokens['ko'] ?? NaN));
  });

  // Of ranks 1 and 2 the figures tell that they are too few.
  it.each(ADAPTERS.filter(({ task, rank }) => task === 'patient-side' && rank >= 4))(
    '$name teaches what the base lacks',
    async ({ name }) => {
      const made = (await results()).adapters[name];
      expect(made?.without_adapter.exact_match_about_images).toBeLessThan(0.3);
      expect(made?.with_adapter.exact_match_about_images).toBeGreaterThan(0.9);
    },
  );

  it('are those of the model card', async () => {
    const card = await readFile(join(shipped, 'README.md'), 'utf8');
    const size = Number(/Together ([\d.]+) MB/.exec(card)?.[1]) * 1e6;
    expect(size / 1e6).toBeCloseTo((await sizeOf(shipped)) / 1e6, 0);
    expect(modelCard(await results(), size)).toBe(card);
  });
});
