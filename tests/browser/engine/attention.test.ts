/**
 * The provider's fused attention is right on the device that the engine asks for, and wrong with subgroups of four lanes
 * (workers/engine/runtime/device.ts says why): when the second half fails, upstream has mended it and the exception can go.
 */
import { wrap, type Remote } from 'comlink';
import { afterAll, expect, test, vi } from 'vitest';
import { full } from '../provided.ts';
import type { AttentionWorkerApi, Shape } from './attention.worker.ts';

vi.setConfig({ testTimeout: 120_000 });
const workers: Worker[] = [];

function fresh(): Remote<AttentionWorkerApi> {
  const worker = new Worker(new URL('./attention.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return wrap<AttentionWorkerApi>(worker);
}
afterAll(() => {
  for (const worker of workers) worker.terminate();
});

/** Sums of a few hundred products in float32. */
const tolerance = 1e-5;
const multiHead = (tokens: number, headDim: number): Shape => ({
  operator: 'MultiHeadAttention',
  tokens,
  past: 0,
  heads: 4,
  keyValueHeads: 4,
  headDim,
});
const groupQuery = (tokens: number, headDim: number, past = 0): Shape => ({
  operator: 'GroupQueryAttention',
  tokens,
  past,
  heads: 4,
  keyValueHeads: 2,
  headDim,
});
const shapes = [
  // The fixture's vision encoder has 64 patches and heads of 12, SigLIP heads of 72.
  ...[64, 300].flatMap((tokens) => [12, 72].map((headDim) => multiHead(tokens, headDim))),
  // The fixture's decoder has heads of 32, the 4B's of 256; the operator takes multiples of 8.
  ...[64, 300].flatMap((tokens) => [32, 72].map((headDim) => groupQuery(tokens, headDim))),
  groupQuery(64, 256),
  groupQuery(1, 32, 299),
  groupQuery(7, 32, 293),
];
const nameOf = ({ operator, tokens, past, headDim }: Shape) =>
  `${operator}, ${tokens} tokens after ${past}, heads of ${headDim}`;

const engineDevice = fresh();
test.each(shapes.map((shape) => [nameOf(shape), shape] as const))('our device: %s', async (_, shape) => {
  expect(await engineDevice.difference(shape, false)).toBeLessThan(tolerance);
});

test('a device with subgroups below 8 lanes is still wrong', async (context) => {
  const narrow = fresh();
  const { hasFeature, minSize } = await narrow.subgroups();
  context.skip(!hasFeature || minSize >= 8, `skipped: subgroups of ${minSize} lanes and more on this adapter`);
  const differences: [string, number][] = [];
  const isWrong = (difference: number) => !(difference < 100 * tolerance);
  for (const shape of shapes) {
    const difference = await narrow.difference(shape, true);
    differences.push([nameOf(shape), difference]);
    // One is enough to know.
    if (isWrong(difference) && !full) break;
  }
  console.log(differences.map(([name, difference]) => `${name}: ${difference.toExponential(1)}`).join('\n'));
  expect(
    differences.some(([, difference]) => isWrong(difference)),
    'no attention is wrong any more: onnxruntime-web has been mended, and isSafe in device.ts can go',
  ).toBe(true);
});
