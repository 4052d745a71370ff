/**
 * Measures the cost of adapters per decoded token: the same package with 0, 1 and 2 adapters, alternating in one worker.
 *
 *     npx tsx bench/lora-cost.ts [--package DIR | --shape NAME] [--rounds N] [--tokens N] [--rank R] [--gpu yes] [--host-only]
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { expectedParameters } from '#core/gemma3/parameters.ts';
import { PROJECTIONS, type Projection } from '#core/gemma3/projections.ts';
import { Random } from '#core/sampling/random.ts';
import { writeSafetensors } from '#core/safetensors/write.ts';
import { openBrowser, type GpuChoice } from './browser.ts';
import { machine } from './machine.ts';
import { randomPackage, SHAPES, type ShapeName } from './package.ts';
import type { BenchAdapter } from './page/contract.ts';
import { spread } from './report.ts';
import { serve } from './server.ts';

const flags = new Command('lora-cost')
  .addOption(new Option('--package <folder>', 'a model package (default: one with random weights)').conflicts('shape'))
  .addOption(new Option('--shape <name>', 'shape of the random weights').choices(Object.keys(SHAPES)).default('tiny'))
  .option('--rounds <n>', 'rounds of none, one and two adapters', Number, 3)
  .option('--tokens <n>', 'new tokens of a timed answer', Number, 12)
  .option('--rank <r>', 'of each adapter', Number, 8)
  .addOption(
    new Option('--targets <list>', 'projections that they are on')
      .default(['q_proj', 'v_proj', 'o_proj'], 'q_proj,v_proj,o_proj')
      .argParser((text: string) => text.split(',')),
  )
  .addOption(new Option('--gpu <choice>').choices(['auto', 'yes', 'no']).default('auto'))
  .option('--host-only', 'leave out the GPU’s work: what the processor alone needs; answers mean nothing', false)
  .parse()
  .opts<{
    package?: string;
    shape: ShapeName;
    rounds: number;
    tokens: number;
    rank: number;
    targets: string[];
    gpu: GpuChoice;
    hostOnly: boolean;
  }>();

/** An adapter with random weights: the values do not affect speed. */
function randomAdapter(name: string, model: Gemma3Config, seed: number): BenchAdapter {
  const random = Random.fromSeed(seed);
  const draw = (rows: number, columns: number) =>
    Float32Array.from({ length: rows * columns }, () => (random.uniform() - 0.5) / 100);
  const targets: Projection[] = PROJECTIONS.filter((target) => flags.targets.includes(target));
  const tensors = [...expectedParameters(model)].flatMap(([parameter, [outputs = 0, inputs = 0]]) => {
    if (!targets.some((target) => parameter.endsWith(`.${target}.weight`)) || !parameter.startsWith('model.layers.'))
      return [];
    const half = (part: 'A' | 'B', rows: number, columns: number) => ({
      name: `base_model.model.${parameter.replace('.weight', `.lora_${part}.weight`)}`,
      dtype: 'F32' as const,
      shape: [rows, columns],
      data: new Uint8Array(draw(rows, columns).buffer),
    });
    return [half('A', flags.rank, inputs), half('B', outputs, flags.rank)];
  });
  return {
    name,
    config: JSON.stringify({ peft_type: 'LORA', r: flags.rank, lora_alpha: 2 * flags.rank }),
    weights: Buffer.from(writeSafetensors(tensors)).toString('base64'),
  };
}

interface Measured {
  tokensPerSecond: number;
  dispatches: number;
}

const counts = [0, 1, 2] as const;
const prompt = '환자의 폐렴 소견을 알려 주세요.';
const folder = flags.package === undefined ? await randomPackage(flags.shape) : resolve(flags.package);
const config = parseConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
const adapters = ['first', 'second'].map((name, index) => randomAdapter(name, config, index + 1));
const rounds: Measured[][] = [];
const served = await serve(folder);
try {
  const { page, version, adapter, close } = await openBrowser(served.url, flags.gpu);
  try {
    console.log([...(await machine()), `Chromium ${version}, adapter: ${adapter}`].join('\n'));
    console.log(`package: ${folder.split('/').at(-1)}, ${JSON.stringify({ ...flags, package: undefined })}`);
    await page.evaluate((request) => window.bench.open('ours', request), {
      ...{ url: `${served.url}package/`, contextLength: 1024, peerDevice: 'own' as const },
      ...{ hostOnly: flags.hostOnly, architecture: '', graphCapture: 'auto' as const },
    });
    const answer = async (tokens: number) => {
      const result = await page.evaluate(([text, length]) => window.bench.generate(text, length), [
        prompt,
        tokens,
      ] as const);
      if (result.ids.length !== tokens) throw new Error(`the answer ended after ${result.ids.length} tokens`);
      return { result, dispatches: (await page.evaluate(() => window.bench.counts())).dispatches };
    };
    for (let round = 1; round <= flags.rounds; round++) {
      const measured: Measured[] = [];
      for (const count of counts) {
        await page.evaluate((files) => window.bench.setAdapters(files), adapters.slice(0, count));
        const start = (await page.evaluate(() => window.bench.counts())).dispatches;
        const few = await answer(2);
        const all = await answer(flags.tokens);
        const perToken = (all.dispatches - few.dispatches - (few.dispatches - start)) / (flags.tokens - 2);
        measured.push({ tokensPerSecond: all.result.decodeTokensPerSecond, dispatches: perToken });
      }
      rounds.push(measured);
      const times = measured.map(({ tokensPerSecond }) => tokensPerSecond.toFixed(2)).join(' ');
      console.log(`round ${round} of ${flags.rounds}: ${times} tok/s`);
    }
  } finally {
    await close();
  }
} finally {
  await served.close();
}

const at = (count: number, of: (measured: Measured, base: Measured) => number) =>
  rounds.map((measured) => {
    const [one, base] = [measured[count], measured[0]];
    return one && base ? of(one, base) : NaN;
  });
console.log('\n| adapters | tok/s | time a token ÷ without | dispatches a token |\n| ---: | ---: | ---: | ---: |');
for (const count of counts) {
  const cells = [
    spread(
      at(count, ({ tokensPerSecond }) => tokensPerSecond),
      2,
    ),
    spread(
      at(count, (one, base) => base.tokensPerSecond / one.tokensPerSecond),
      2,
    ),
    spread(
      at(count, ({ dispatches }) => dispatches),
      1,
    ),
  ];
  console.log(`| ${count} | ${cells.join(' | ')} |`);
}
