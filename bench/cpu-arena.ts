/**
 * What the command lines pay for sessions without ONNX Runtime's memory arena: processor time of decoded tokens with and without, in
 * turns, in one process on one thread. `npx tsx bench/cpu-arena.ts DECODER.onnx`, a q4 decoder of a package.
 */
import * as ort from 'onnxruntime-node';
import { spreadOf } from '#core/run-card/spread.ts';
import { machine } from './machine.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('name the ONNX file of a decoder');
const PAST = 64;
const TOKENS = 4;
const ROUNDS = 6;

const open = (enableCpuMemArena: boolean) =>
  ort.InferenceSession.create(path, {
    ...{ executionProviders: ['cpu'], logSeverityLevel: 3, intraOpNumThreads: 1 },
    enableCpuMemArena,
  });
const without = await open(false);
const withArena = await open(true);

/** float32 with fixed sizes; the length of the cache is the one that is open. */
function feedsOf(session: ort.InferenceSession): Record<string, ort.Tensor> {
  const mask = new BigInt64Array(PAST + 1).fill(1n);
  const feeds: Record<string, ort.Tensor> = {
    attention_mask: new ort.Tensor('int64', mask, [1, PAST + 1]),
    num_logits_to_keep: new ort.Tensor('int64', BigInt64Array.of(1n), []),
  };
  for (const input of session.inputMetadata) {
    if (!input.isTensor || input.type !== 'float32') continue;
    const isCache = input.name.startsWith('past_key_values.');
    const dims = input.shape.map((size, axis) => (typeof size === 'number' ? size : isCache && axis === 2 ? PAST : 1));
    const length = dims.reduce((product, size) => product * size, 1);
    feeds[input.name] = new ort.Tensor('float32', new Float32Array(length).fill(0.1), dims);
  }
  return feeds;
}

const feeds = feedsOf(without);
/** Milliseconds of processor time a token. */
async function measure(session: ort.InferenceSession): Promise<number> {
  const begin = process.cpuUsage();
  for (let token = 0; token < TOKENS; token++) await session.run(feeds);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000 / TOKENS;
}

const ratios: number[] = [];
await measure(without);
await measure(withArena);
for (const line of await machine()) console.log(line);
for (let round = 1; round <= ROUNDS; round++) {
  const [off, on] = [await measure(without), await measure(withArena)];
  ratios.push(off / on);
  console.log(`round ${round}: ${off.toFixed(0)} ms without, ${on.toFixed(0)} ms with, ${(off / on).toFixed(3)}`);
}
const found = spreadOf(ratios);
console.log(`without ÷ with: ${found?.median.toFixed(2)} (${found?.least.toFixed(2)}–${found?.most.toFixed(2)})`);
