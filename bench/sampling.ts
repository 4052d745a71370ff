/** Milliseconds of processor time per sampled token over Gemma 3's vocabulary: `tsx bench/sampling.ts`. */
import { cpus } from 'node:os';
import { chooseCandidate } from '#core/sampling/candidates.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import { createSampler } from '#core/sampling/sampler.ts';
import { topK } from '#core/sampling/top-k.ts';
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
    for (let round = 0; round < 5; round++) sampler.sample(values, new Set()); // warm-up
    const started = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) sampler.sample(values, new Set());
    const { user, system } = process.cpuUsage(started);
    const milliseconds = (user + system) / 1000 / ROUNDS;
    console.log(`${distribution}  ${name.padEnd(22)} ${milliseconds.toFixed(2)} ms`);
  }
}

// What the host does where the GPU has found the candidates.
const logitsRead = inputs['standard deviation 4'];
for (const [name, sampling] of Object.entries(settings)) {
  if (sampling.temperature === 0) continue;
  const ranked = topK(logitsRead, sampling.topK || 256);
  const sum = logitsRead.reduce((total, logit) => total + Math.exp(logit - (ranked.logits[0] ?? NaN)), 0);
  const candidates = { ...ranked, vocabulary: VOCABULARY, total: { low: sum * (1 - 2e-5), high: sum * (1 + 2e-5) } };
  const count = 20_000;
  let open = 0;
  for (let round = 0; round < 1000; round++) chooseCandidate(candidates, sampling, random.uniform()); // warm-up
  const started = process.cpuUsage();
  for (let round = 0; round < count; round++)
    if (chooseCandidate(candidates, sampling, random.uniform()) === undefined) open++;
  const { user, system } = process.cpuUsage(started);
  const share = ((100 * open) / count).toFixed(2);
  console.log(
    `${ranked.ids.length} candidates  ${name.padEnd(22)} ${((user + system) / count).toFixed(1)} µs, ${share} % open`,
  );
}
