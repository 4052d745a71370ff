/** Milliseconds per sampled token over Gemma 3's vocabulary: `tsx bench/sampling.ts`. */
import { cpus } from 'node:os';
import type { Sampling } from '#core/sampling/sampling.ts';
import { createSampler } from '#core/sampling/sampler.ts';
import { Random } from '#core/sampling/random.ts';

const VOCABULARY = 262_208;
const ROUNDS = 30;

const random = Random.fromSeed(1);
const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
const logits = (spread: number) => Float32Array.from({ length: VOCABULARY }, () => normal() * spread);

// A standard deviation of 1 is nearly flat (top-p keeps over half of the vocabulary); 4 is closer to a trained model.
const inputs = { 'standard deviation 4': logits(4), 'standard deviation 1': logits(1) };
const base: Sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 };
const settings: Record<string, Sampling> = {
  greedy: { ...base, temperature: 0 },
  'top-k 64': { ...base, topK: 64 },
  'top-k 64, top-p 0.95': { ...base, topK: 64, topP: 0.95 },
  'top-p 0.95': { ...base, topP: 0.95 },
  'no cut': base,
};

console.log(`${VOCABULARY} logits, ${ROUNDS} rounds, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}`);
for (const [distribution, values] of Object.entries(inputs)) {
  for (const [name, sampling] of Object.entries(settings)) {
    const sampler = createSampler(sampling);
    const times = Array.from({ length: ROUNDS + 5 }, () => {
      const started = performance.now();
      sampler.sample(values, new Set());
      return performance.now() - started;
    })
      .slice(5) // warm-up
      .sort((a, b) => a - b);
    const [median, slowest] = [times[ROUNDS >> 1] ?? NaN, times[ROUNDS - 1] ?? NaN];
    console.log(`${distribution}  ${name.padEnd(22)} median ${median.toFixed(2)} ms, slowest ${slowest.toFixed(2)} ms`);
  }
}
