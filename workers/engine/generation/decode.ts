/** The token loops: one id after another until something ends the answer. */
import type { Sampling } from '#core/sampling/sampling.ts';
import type { Embedding } from '../model/embedding.ts';
import { textMask, type Decoder } from '../model/decoder.ts';
import { int64Tensor, type Backend } from '../model/backend.ts';
import { TokenReader } from './token-reader.ts';

export interface DecodeInput {
  backend: Backend;
  embedding: Embedding;
  decoder: Decoder;
  endTokens: ReadonlySet<number>;
  /** New tokens at most. */
  limit: number;
  signal: AbortSignal;
  /** Called with every new token, the ending one included. */
  onToken(id: number): void;
  /** Awaited between tokens if the answer has a speed limit. */
  pause?: (() => Promise<void>) | undefined;
}

export type DecodeEnd = 'end' | 'length' | 'context-full' | 'stopped';

/** True if the next token is the argmax, chosen on the device; otherwise it is sampled from the logits on the host. */
export function isGreedy(sampling: Sampling): boolean {
  return sampling.temperature === 0 && sampling.repetitionPenalty === 1;
}

/**
 * Greedy decoding after a prefill that asked for `token`. On the GPU the chosen id goes into the next step without
 * leaving it. If the cache can be truncated, that step is queued before the id is read, and a superfluous last step is
 * truncated away.
 * @param first the prefill's choice; on the GPU it is in the decoder's token buffer
 */
export async function decodeGreedy(input: DecodeInput, first: number): Promise<DecodeEnd> {
  const { backend, decoder, embedding } = input;
  if (!decoder.tokenBuffer) {
    let id = first;
    return decodeLoop(input, async (isFirst) => {
      if (!isFirst) id = await decoder.run(await embedOne(input, id), [textMask], 'token');
      return id;
    });
  }
  const reader = new TokenReader(backend, () => decoder.tokenBuffer);
  const plain = async () => {
    const ids = decoder.nextIds();
    if (!ids) throw new TypeError('the greedy choice is not on the device');
    await decoder.run(await backend.guard(embedding.embed(ids)), [textMask], 'token');
  };
  const step = () => decoder.next(plain);
  try {
    // Strengths can change while an answer with a speed limit is written, so no token is computed before it is due.
    if (decoder.cache.canTruncate && !input.pause) return await decodeAhead(input, reader, step);
    return await decodeLoop(input, async (isFirst) => {
      if (!isFirst) await step();
      return reader.read();
    });
  } finally {
    reader.dispose();
  }
}

async function decodeAhead(input: DecodeInput, reader: TokenReader, step: () => Promise<void>): Promise<DecodeEnd> {
  const { decoder } = input;
  // No step is queued before the first token is read: the token would wait while the kernels for a single token compile.
  const first = await reader.read();
  input.onToken(first);
  const firstEnd = ending(input, first, 1, decoder.length);
  if (firstEnd !== undefined) return firstEnd;
  await step();
  let pending = reader.read();
  for (let count = 2; ; count++) {
    // Length of the cache if this token is the last.
    const length = decoder.length;
    const isFinal = count >= input.limit || length >= decoder.cache.capacity;
    let next: Promise<number> | undefined;
    if (!isFinal) {
      await step();
      next = reader.read();
    }
    const id = await pending;
    input.onToken(id);
    const end = ending(input, id, count, length);
    if (end !== undefined) {
      await next;
      decoder.truncate(length);
      return end;
    }
    if (!next) throw new TypeError('the answer did not end at its limit');
    pending = next;
  }
}

export type EndInput = Pick<DecodeInput, 'endTokens' | 'limit' | 'signal'> & {
  decoder: { cache: { capacity: number } };
};

/**
 * Whether the answer ends with this token, and why.
 * @param count new tokens, this one included @param length of the cache without it
 */
export function ending(input: EndInput, id: number, count: number, length: number): DecodeEnd | undefined {
  if (input.endTokens.has(id)) return 'end';
  if (count >= input.limit) return 'length';
  if (length >= input.decoder.cache.capacity) return 'context-full';
  return input.signal.aborted ? 'stopped' : undefined;
}

/** Runs `step`, which gives the next token, until something ends the answer. */
export async function decodeLoop(input: DecodeInput, step: (isFirst: boolean) => Promise<number>): Promise<DecodeEnd> {
  for (let count = 1; ; count++) {
    const id = await step(count === 1);
    input.onToken(id);
    const end = ending(input, id, count, input.decoder.length);
    if (end !== undefined) return end;
    await input.pause?.();
    // Without a GPU the runtime computes on this thread: let messages in, or Stop would wait for the end.
    if (!input.backend.gpu) await new Promise((resolve) => setTimeout(resolve));
  }
}

export async function embedOne({ backend, embedding }: DecodeInput, id: number) {
  return backend.guard(embedding.embed(int64Tensor(backend, [id], [1, 1])));
}
