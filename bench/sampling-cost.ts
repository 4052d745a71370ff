/**
 * What a sampled token costs beside a greedy one: the same package greedy, with the device choosing, and with every row of logits
 * read back, as with a repetition penalty, alternating in one worker.
 *
 *     npx tsx bench/sampling-cost.ts [--package DIR | --shape NAME] [--rounds N] [--tokens N] [--graph-capture MODE] [--gpu yes] [--host-only]
 */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { Sampling } from '#core/sampling/sampling.ts';
import { openBrowser, type GpuChoice } from './browser.ts';
import { machine } from './machine.ts';
import { randomPackage, SHAPES, type ShapeName } from './package.ts';
import type { OpenRequest } from './page/contract.ts';
import { spread } from './report.ts';
import { CALLS } from './run.ts';
import { serve } from './server.ts';
import { workerTime } from './worker-time.ts';

const flags = new Command('sampling-cost')
  .addOption(new Option('--package <folder>', 'a model package (default: one with random weights)').conflicts('shape'))
  .addOption(new Option('--shape <name>', 'shape of the random weights').choices(Object.keys(SHAPES)).default('tiny'))
  .option('--rounds <n>', 'rounds of all ways', Number, 3)
  .option('--tokens <n>', 'new tokens of a timed answer', Number, 22)
  .addOption(new Option('--graph-capture <mode>').choices(['auto', 'on', 'off']).default('auto'))
  .addOption(new Option('--gpu <choice>').choices(['auto', 'yes', 'no']).default('auto'))
  .option('--host-only', 'leave out the GPU’s work but that of sampling: what the processor alone needs', false)
  .parse()
  .opts<{
    package?: string;
    shape: ShapeName;
    rounds: number;
    tokens: number;
    graphCapture: OpenRequest['graphCapture'];
    gpu: GpuChoice;
    hostOnly: boolean;
  }>();

const topK64: Sampling = { temperature: 1, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: 1 };
const ways: Record<string, Sampling> = {
  greedy: { ...topK64, temperature: 0 },
  'top-k 64, top-p 0.95': topK64,
  'top-p 0.95': { ...topK64, topK: 0 },
  // A penalty that changes no logit.
  'whole rows read': { ...topK64, repetitionPenalty: 1 + Number.EPSILON },
};
const figures = [...CALLS, 'processor milliseconds', 'wall milliseconds'] as const;
type Figures = Record<(typeof figures)[number], number>;

const prompt = '환자의 폐렴 소견을 알려 주세요.';
const folder = flags.package === undefined ? await randomPackage(flags.shape) : resolve(flags.package);
const rounds: Record<string, Figures>[] = [];
const served = await serve(folder);
try {
  const { page, version, adapter, profile, close } = await openBrowser(served.url, flags.gpu);
  try {
    console.log([...(await machine()), `Chromium ${version}, adapter: ${adapter}`].join('\n'));
    console.log(`package: ${folder.split('/').at(-1)}, ${JSON.stringify({ ...flags, package: undefined })}`);
    await page.evaluate((request) => window.bench.open('ours', request), {
      ...{ url: `${served.url}package/`, contextLength: 1024, peerDevice: 'own' as const },
      ...{ hostOnly: flags.hostOnly, architecture: '', graphCapture: flags.graphCapture },
    });
    const read = async (): Promise<Figures> => {
      const counts = await page.evaluate(() => window.bench.counts());
      return { ...counts, 'processor milliseconds': await workerTime(profile), 'wall milliseconds': 0 };
    };
    /** The difference of figures after an answer and before it. */
    const answer = async (tokens: number, sampling: Sampling): Promise<Figures> => {
      const before = await read();
      const result = await page.evaluate(([text, length, how]) => window.bench.generate(text, length, how), [
        prompt,
        tokens,
        sampling,
      ] as const);
      if (result.ids.length !== tokens) throw new Error(`the answer ended after ${result.ids.length} tokens`);
      const after = await read();
      const difference = { ...after };
      for (const figure of figures) difference[figure] -= before[figure];
      difference['wall milliseconds'] = (1000 * (tokens - 1)) / result.decodeTokensPerSecond;
      return difference;
    };
    for (const sampling of Object.values(ways)) await answer(3, sampling); // warm-up
    for (let round = 1; round <= flags.rounds; round++) {
      const measured: Record<string, Figures> = {};
      for (const [way, sampling] of Object.entries(ways)) {
        const few = await answer(2, sampling);
        const all = await answer(flags.tokens, sampling);
        for (const figure of figures) all[figure] = (all[figure] - few[figure]) / (flags.tokens - 2);
        measured[way] = all;
      }
      rounds.push(measured);
      console.error(`round ${round} of ${flags.rounds}`);
    }
  } finally {
    await close();
  }
} finally {
  await served.close();
}

const names = Object.keys(ways);
console.log(`\n| a token | ${names.join(' | ')} |\n| --- |${names.map(() => ' ---: |').join('')}`);
for (const figure of figures) {
  const cells = names.map((way) =>
    spread(
      rounds.map((measured) => measured[way]?.[figure] ?? NaN),
      figure === 'readBytes' ? 0 : 2,
    ),
  );
  console.log(`| ${figure} | ${cells.join(' | ')} |`);
}
