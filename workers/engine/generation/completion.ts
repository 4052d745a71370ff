/** Text that the model continues, without a chat template: as evaluations ask it (lm-evaluation-harness). */
import { commonPrefix, type ImagePrompt } from '#core/chat/chunks.ts';
import type { ChatTokenizer } from '#core/chat/tokenizer.ts';
import { FailureError } from '#core/failure.ts';
import { TextStream } from '../chat/stream.ts';
import type { LoadedModel } from '../model/load.ts';
import { decodeGreedy, type DecodeEnd } from './decode.ts';
import { prefill, type PrefillResult } from './prefill.ts';
import { forgetPrefix, prefixOf, withAnswer, type PrefixCache } from './prefix-cache.ts';

export interface CompletionInput {
  model: LoadedModel;
  tokenizer: ChatTokenizer;
  /** Tokens that prompts one after the other share, examples mostly, are computed once. */
  prefix: PrefixCache;
  signal: AbortSignal;
}

export interface Completion {
  /** Without thoughts and special tokens. It may go on behind what `isEnough` saw. */
  text: string;
  /** The ending token included. */
  ids: number[];
  /** `enough`: `isEnough` said so. */
  reason: DecodeEnd | 'enough';
}

/**
 * The prompt's tokens behind `<bos>`; control tokens in the text are text.
 * @throws FailureError unsupported-package for a tokenizer without `<bos>`
 */
export function textPrompt(tokenizer: ChatTokenizer, text: string): ImagePrompt {
  const begin = tokenizer.idOf('<bos>');
  if (begin === undefined)
    throw new FailureError('unsupported-package', { file: 'tokenizer.json', reason: 'it has no token <bos>' });
  const ids = [begin, ...tokenizer.encode(text, { special: false })];
  return { ids, mask: ids.map(() => 1), images: [], hashes: [] };
}

/**
 * The most probable continuation, token by token.
 * @param isEnough asked after each token with the text so far; true ends it
 * @throws FailureError context-full; the cache is then empty
 */
export async function complete(
  input: CompletionInput,
  prompt: ImagePrompt,
  { maxNewTokens, isEnough }: { maxNewTokens: number; isEnough: (text: string) => boolean },
): Promise<Completion> {
  const { model, tokenizer, prefix, signal } = input;
  const { decoder, backend, embedding } = model;
  const stream = new TextStream(tokenizer);
  const ids: number[] = [];
  let text = '';
  const enough = new AbortController();
  const read = (deltas: ReturnType<TextStream['push']>) => {
    for (const delta of deltas) if (!delta.thought) text += delta.text;
  };
  const reason = await withPrefix(input, prompt, 'token', async ({ token }) => {
    const end = await decodeGreedy(
      {
        ...{ backend, embedding, decoder },
        endTokens: model.package.endTokens,
        limit: maxNewTokens,
        signal: AbortSignal.any([signal, enough.signal]),
        onToken(id) {
          ids.push(id);
          read(stream.push(id));
          if (isEnough(text)) enough.abort();
        },
      },
      token,
    );
    prefix.cached = withAnswer(prompt, ids);
    return end;
  });
  read(stream.end());
  // A token that ends the answer also ends it where the text was enough.
  return { text, ids, reason: reason === 'stopped' && !signal.aborted ? 'enough' : reason };
}

/**
 * ln of the probability of each token as the first one after the prompt.
 * @param next token ids @returns undefined when stopped
 */
export async function nextLogProbabilities(
  input: CompletionInput,
  prompt: ImagePrompt,
  next: readonly number[],
): Promise<number[] | undefined> {
  const result: { values?: number[] } = {};
  await withPrefix(input, prompt, 'logits', ({ logits }) => {
    const highest = logits.reduce((most, value) => Math.max(most, value), -Infinity);
    const sum = logits.reduce((total, value) => total + Math.exp(value - highest), 0);
    const values = next.map((id) => (logits[id] ?? NaN) - highest - Math.log(sum));
    if (values.some((value) => !Number.isFinite(value)))
      throw new FailureError('runtime', { file: '', reason: 'the decoder computes logits that are no numbers' });
    result.values = values;
    return Promise.resolve('end');
  });
  return result.values;
}

async function withPrefix(
  { model, prefix, signal }: CompletionInput,
  prompt: ImagePrompt,
  want: 'token' | 'logits',
  then: (result: PrefillResult) => Promise<DecodeEnd>,
): Promise<DecodeEnd> {
  const { decoder } = model;
  const { capacity } = decoder.cache;
  const needed = prompt.ids.length + 1;
  if (needed > capacity) throw new FailureError('context-full', { needed, limit: capacity, alone: needed });
  if (prefix.isStale) forgetPrefix(decoder, prefix);
  try {
    decoder.truncate(commonPrefix(prefix.cached, prompt));
    prefix.cached = prompt;
    const features = () => {
      throw new TypeError('a completion has no images');
    };
    const result = await prefill({ model, prompt, features, want, signal, onChunk: () => undefined });
    return result ? await then(result) : 'stopped';
  } catch (error) {
    forgetPrefix(decoder, prefix);
    throw error;
  } finally {
    prefix.cached = { ...prefix.cached, ...prefixOf(prefix.cached, decoder.length) };
  }
}
