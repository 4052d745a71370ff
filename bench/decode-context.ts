/**
 * What a long context costs a decoded token on the CPU: the engine in Node on one thread, one model with a short prompt in its cache and one
 * with a long one, a token of each in turns. Processor time, so that other work on the machine counts little:
 *
 *     npx tsx bench/decode-context.ts --package DIR [--short N] [--long N] [--tokens N]
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { ChunkLength } from '#core/chat/chunk-length.ts';
import { spreadOf } from '#core/run-card/spread.ts';
import { FolderReader } from '../cli/shared/folder-reader.ts';
import { openModel } from '../cli/shared/runtime/open-model.ts';
import { prefill } from '../workers/engine/generation/prefill.ts';
import { int64Tensor } from '../workers/engine/model/backend.ts';
import { textMask } from '../workers/engine/model/decoder.ts';
import { machine } from './machine.ts';

const flags = new Command('decode-context')
  .requiredOption('--package <folder>', 'a package whose context has room for the long prompt')
  .option('--short <n>', 'tokens in the cache of one model', Number, 128)
  .option('--long <n>', 'tokens in the cache of the other', Number, 4096)
  .option('--tokens <n>', 'decoded tokens of each', Number, 8)
  .parse()
  .opts<{ package: string; short: number; long: number; tokens: number }>();

const folder = resolve(flags.package);
const { signal } = new AbortController();

/** A model with `length` tokens in its cache. */
async function filled(length: number) {
  const reader = await FolderReader.open(folder, { wanted: 'package', recursive: true });
  // Both with the same context: what is measured is how much of it is filled.
  const { model } = await openModel(reader, { contextLength: flags.long + flags.tokens + 1, threads: 1, signal });
  const { contextLength } = model.info;
  if (contextLength < length + flags.tokens)
    throw new RangeError(`the context of the package has ${contextLength} tokens only`);
  const ids = Array.from({ length }, (_, at) => 9 + (at % 200));
  await prefill({
    // Nobody presses Stop: long chunks fill the cache sooner.
    model: { ...model, chunkLength: new ChunkLength({ first: 256, least: 256, most: 256 }) },
    prompt: { ids, mask: ids.map(() => textMask), images: [] },
    features: () => {
      throw new TypeError('the prompt has no image');
    },
    want: 'token',
    signal,
    onChunk: (done) => process.stderr.write(`\r${done} of ${length} tokens `),
  });
  process.stderr.write('\n');
  return model;
}

type Model = Awaited<ReturnType<typeof filled>>;

/** Milliseconds of processor time of one decoded token. */
async function token(model: Model): Promise<number> {
  const begin = process.cpuUsage();
  const input = await model.embedding.embed(int64Tensor(model.backend, [9], [1, 1]));
  await model.decoder.run(input, [textMask], 'token');
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

const models = { short: await filled(flags.short), long: await filled(flags.long) };
console.log((await machine()).join('\n'));
console.log(`${models.short.info.name}, ${flags.short} and ${flags.long} tokens in the cache\n`);
await token(models.short);
await token(models.long);
const times = { short: [] as number[], long: [] as number[] };
for (let at = 1; at < flags.tokens; at++) {
  times.short.push(await token(models.short));
  times.long.push(await token(models.long));
}
const row = (values: readonly number[], digits: number) => {
  const found = spreadOf(values);
  if (!found) throw new RangeError('no token was measured');
  const [median, least, most] = [found.median, found.least, found.most].map((value) => value.toFixed(digits));
  return `${median} (${least}–${most})`;
};
console.log(`| a token after ${flags.short}, ms of the processor | after ${flags.long} | speed, long ÷ short |`);
console.log('| --: | --: | --: |');
const ratios = times.short.map((time, at) => time / (times.long[at] ?? NaN));
console.log(`| ${row(times.short, 1)} | ${row(times.long, 1)} | ${row(ratios, 2)} |`);
for (const model of Object.values(models)) await model.dispose();
