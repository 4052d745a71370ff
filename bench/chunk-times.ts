/**
 * How long the chunks of a prefill take on the CPU, which is how long Stop can take: the engine in Node on one thread, a prompt as
 * long as the context allows, twice on a model that was just opened. Processor time beside the time on the clock, which chooses
 * the next chunk and counts what else the machine does. Then runs of fixed lengths, for what a longer chunk costs:
 *
 *     npx tsx bench/chunk-times.ts [--package DIR] [--tokens N]
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { openModel } from '../cli/shared/runtime/open-model.ts';
import { FolderReader } from '../cli/shared/folder-reader.ts';
import { prefill } from '../workers/engine/generation/prefill.ts';
import { int64Tensor } from '../workers/engine/model/backend.ts';
import { textMask } from '../workers/engine/model/decoder.ts';
import { machine } from './machine.ts';
import { randomPackage } from './package.ts';
import { quantile } from './site.ts';

const flags = new Command('chunk-times')
  .option('--package <folder>', 'a package in place of the tiny one of random weights')
  .option('--tokens <n>', 'length of the prompt', Number, 3500)
  .parse()
  .opts<{ package?: string; tokens: number }>();

const folder = flags.package ? resolve(flags.package) : await randomPackage('tiny');
const reader = await FolderReader.open(folder, { wanted: 'package', recursive: true });
const { signal } = new AbortController();
const { model } = await openModel(reader, { contextLength: flags.tokens + 16, threads: 1, signal });
console.log((await machine()).join('\n'));
const length = Math.min(flags.tokens, model.info.contextLength - 1);
console.log(`${model.info.name}, a prompt of ${length} tokens, first chunk ${model.chunkLength.next}\n`);
console.log(
  '| prefill | chunks | tokens a chunk | ms of the processor: 50 % | most | ms on the clock: 50 % | most | over 200 |',
);
console.log('| --- | --: | --- | --: | --: | --: | --: | --: |');
const ids = Array.from({ length }, (_, at) => 9 + (at % 200));
const prompt = { ids, mask: ids.map(() => textMask), images: [] };
for (const name of ['first', 'second']) {
  model.decoder.truncate(0);
  const chunks: { tokens: number; processor: number; clock: number }[] = [];
  let [done, clock, processor] = [0, performance.now(), process.cpuUsage()];
  await prefill({
    model,
    prompt,
    features: () => {
      throw new TypeError('the prompt has no image');
    },
    want: 'token',
    signal,
    onChunk(now) {
      const { user, system } = process.cpuUsage(processor);
      chunks.push({ tokens: now - done, processor: (user + system) / 1000, clock: performance.now() - clock });
      [done, clock, processor] = [now, performance.now(), process.cpuUsage()];
    },
  });
  const tokens = chunks.map((chunk) => chunk.tokens);
  const column = (of: 'processor' | 'clock') => {
    const values = chunks.map((chunk) => chunk[of]);
    return [quantile(values, 0.5), quantile(values, 1)].map((value) => value.toFixed(0));
  };
  const over = chunks.filter((chunk) => chunk.clock > 200).length;
  const lengths = `${Math.min(...tokens)}–${Math.max(...tokens)}, first ${tokens[0]}`;
  console.log(`| ${[name, chunks.length, lengths, ...column('processor'), ...column('clock'), over].join(' | ')} |`);
}

console.log('\n| tokens of a run | ms of the processor |\n| --: | --: |');
for (const tokens of [1, 8, 16, 32, 64]) {
  const times: number[] = [];
  for (let round = 0; round < 7; round++) {
    model.decoder.truncate(0);
    const begin = process.cpuUsage();
    const input = await model.embedding.embed(int64Tensor(model.backend, ids.slice(0, tokens), [1, tokens]));
    await model.decoder.run(input, new Array<number>(tokens).fill(textMask), 'token');
    const { user, system } = process.cpuUsage(begin);
    times.push((user + system) / 1000);
  }
  console.log(`| ${tokens} | ${quantile(times, 0.5).toFixed(1)} |`);
}
await model.dispose();
