/** The token loops of sampling: temperature, top-k, top-p, repetition penalty. */
import type { SamplingCounts } from '#core/protocol/stats.ts';
import { chooseCandidate } from '#core/sampling/candidates.ts';
import { chooseToken } from '#core/sampling/choose.ts';
import { createSampler, randomOf } from '#core/sampling/sampler.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import { textMask, type Decoder } from '../model/decoder.ts';
import { canSampleOnDevice, DeviceSampler, type QueuedChoice } from '../sampling/device-sampler.ts';
import { decodeLoop, embedOne, ending, type DecodeEnd, type DecodeInput, type EndInput } from './decode.ts';

/**
 * True if the device chooses and the host checks (docs/decisions/0018-sampling-on-the-device.md). With a speed limit strengths can change
 * between tokens, so no step is computed before its token is due. The repetition penalty changes logits all over the row.
 */
export function choosesAhead(
  { backend, decoder, pause }: DecodeInput,
  sampling: Sampling,
  vocabulary: number,
): boolean {
  const { temperature, repetitionPenalty } = sampling;
  const isTakenBack = backend.gpu !== undefined && decoder.cache.canTruncate && !pause;
  return isTakenBack && temperature > 0 && repetitionPenalty === 1 && canSampleOnDevice(sampling, vocabulary);
}

/**
 * The same tokens whether the device chooses ahead or not.
 * @param first logits after the prefill
 * @param seen ids that the repetition penalty counts
 * @param counted is added to
 */
export async function decodeSampled(
  input: DecodeInput,
  sampling: Sampling,
  first: Float32Array,
  seen: readonly number[],
  counted: SamplingCounts,
): Promise<DecodeEnd> {
  if (!choosesAhead(input, sampling, first.length)) return decodeFromRows(input, sampling, first, seen);
  const { backend, decoder, embedding } = input;
  const device = await DeviceSampler.make(backend, sampling, first.length);
  const step: AheadStep = async (token, u) => {
    const source = token ?? device.token;
    const logits = await decoder.logitsOnDevice(source, first.length, (ids) => embedding.embed(ids));
    return device.queue(logits, u);
  };
  try {
    return await decodeAhead(input, step, sampling, first, counted);
  } finally {
    device.dispose();
  }
}

/** Reads every row of logits, and chooses before the next step begins. */
async function decodeFromRows(
  input: DecodeInput,
  sampling: Sampling,
  first: Float32Array,
  seen: readonly number[],
): Promise<DecodeEnd> {
  const sampler = createSampler(sampling);
  const present = new Set(seen);
  let id = -1;
  return decodeLoop(input, async (isFirst) => {
    const plain = async () => input.decoder.run(await embedOne(input, id), [textMask], 'logits');
    const logits = isFirst ? first : await input.decoder.logitsOf(id, plain);
    id = sampler.sample(logits, present);
    present.add(id);
    return id;
  });
}

/**
 * Queues a run of a token, of the device's newest choice if it is undefined, and a choice with `u` from its logits.
 * The choice before it can still be read.
 */
export type AheadStep = (token: number | undefined, u: number) => Promise<QueuedChoice>;

export type AheadInput = EndInput & Pick<DecodeInput, 'onToken'> & { decoder: Pick<Decoder, 'length' | 'truncate'> };

/**
 * The device chooses, and the step on its choice is queued before the host has seen it. The host makes the choice again from the
 * candidates; where it is another one, the step is taken back and computed on the host's.
 */
export async function decodeAhead(
  input: AheadInput,
  step: AheadStep,
  sampling: Sampling,
  first: Float32Array,
  counted: SamplingCounts,
): Promise<DecodeEnd> {
  const { decoder } = input;
  const random = randomOf(sampling);
  const queue = async (token: number | undefined, u: number) => {
    const queued = await step(token, u);
    // It is awaited after the next step is queued, which may fail first.
    queued.choice.catch(() => undefined);
    return { u, ...queued };
  };
  const firstId = chooseToken(first, sampling, random.uniform());
  input.onToken(firstId);
  const firstEnd = ending(input, firstId, 1, decoder.length);
  if (firstEnd !== undefined) return firstEnd;
  let pending = await queue(firstId, random.uniform());
  for (let count = 2; ; count++) {
    // Length of the cache if this token is the last.
    const length = decoder.length;
    const isFinal = count >= input.limit || length >= decoder.cache.capacity;
    let next = isFinal ? undefined : await queue(undefined, random.uniform());
    const { chosen, candidates } = await pending.choice;
    let id = candidates && chooseCandidate(candidates, sampling, pending.u);
    counted.choices++;
    if (id === undefined) {
      counted.rowsRead++;
      id = chooseToken(await pending.row(), sampling, pending.u);
    }
    input.onToken(id);
    const end = ending(input, id, count, length);
    if (end !== undefined) {
      await next?.choice;
      decoder.truncate(length);
      return end;
    }
    if (!next) throw new TypeError('the answer did not end at its limit');
    if (id !== chosen) {
      counted.takenBack++;
      await next.choice;
      decoder.truncate(length);
      if (decoder.length !== length) throw new TypeError('the cache cannot take a step back');
      next = await queue(id, next.u);
    }
    pending = next;
  }
}
