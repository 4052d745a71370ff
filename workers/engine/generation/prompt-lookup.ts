/**
 * Greedy decoding with prompt lookup (docs/decisions/0019-prompt-lookup.md): a run of the decoder verifies a draft, and gives one token more
 * than were right.
 */
import { Drafter, type DraftMode } from '#core/prompt-lookup/drafter.ts';
import { noToken } from '#core/prompt-lookup/ngram-lookup.ts';
import type { RunTimes } from '#core/prompt-lookup/run-times.ts';
import type { Prompt } from '#core/chat/prompt.ts';
import type { LookupCounts } from '#core/protocol/stats.ts';
import { int64Tensor } from '../model/backend.ts';
import { textMask } from '../model/decoder.ts';
import { ending, type DecodeEnd, type DecodeInput } from './decode.ts';
import { TokenReader } from './token-reader.ts';

export interface LookupOptions {
  mode: DraftMode;
  prompt: Pick<Prompt, 'ids' | 'mask'>;
  times: RunTimes;
  vocabularySize: number;
  /** Counted up while the answer is written. */
  counts: LookupCounts;
}

/**
 * After a prefill that asked for `token`, with a decoder that can verify. The cache holds what it holds after `decodeGreedy`.
 * @param first as `decodeGreedy` takes it
 */
export async function decodeWithLookup(input: DecodeInput, first: number, options: LookupOptions): Promise<DecodeEnd> {
  const { backend, decoder } = input;
  const reader = decoder.tokenBuffer && new TokenReader(backend, () => decoder.tokenBuffer);
  try {
    return await new LookupDecoder(input, options, reader).decode(reader ? await reader.read() : first);
  } finally {
    reader?.dispose();
  }
}

class LookupDecoder {
  readonly #input: DecodeInput;
  readonly #options: LookupOptions;
  readonly #drafter: Drafter;
  /** Undefined on the CPU. */
  readonly #reader: TokenReader | undefined;
  /** The newest token, which the cache does not hold. */
  #last = -1;
  #count = 0;
  /** When the newest token arrived. */
  #arrived = 0;

  constructor(input: DecodeInput, options: LookupOptions, reader: TokenReader | undefined) {
    const { prompt, mode, times, vocabularySize } = options;
    this.#input = input;
    this.#options = options;
    this.#reader = reader;
    this.#drafter = new Drafter(
      { mode, times, vocabularySize, endTokens: input.endTokens },
      prompt.ids.map((id, at) => (prompt.mask[at] === textMask ? id : noToken)),
    );
  }

  async decode(first: number): Promise<DecodeEnd> {
    const { decoder } = this.#input;
    let end = this.#take(first, decoder.length);
    while (end === undefined) {
      const draft = this.#draft(decoder.length);
      end = draft.length > 0 ? await this.#verify(draft) : await this.#decodePlainly();
    }
    return end;
  }

  /** @param length of the cache, without the newest token */
  #draft(length: number): number[] {
    const { decoder, limit } = this.#input;
    // Beside the draft there is the newest token in the run, and the one that the run gives in any case.
    const { capacity, longestRun } = decoder.cache;
    return this.#drafter.draft(Math.max(0, Math.min(limit - this.#count, capacity - length, longestRun) - 1));
  }

  async #verify(draft: readonly number[]): Promise<DecodeEnd | undefined> {
    const { decoder, backend } = this.#input;
    const { counts } = this.#options;
    const before = decoder.length;
    const chosen = await decoder.runTokens(await this.#embedded([this.#last, ...draft]), 1 + draft.length);
    let right = 0;
    while (right < draft.length && draft[right] === chosen[right]) right++;
    this.#measured(1 + draft.length);
    counts.runs++;
    counts.drafted += draft.length;
    counts.accepted += right;
    let end: DecodeEnd | undefined;
    let taken = 0;
    while (taken <= right && end === undefined) {
      taken++;
      end = this.#take(chosen[taken - 1] ?? -1, before + taken);
    }
    this.#rollBack(before + taken);
    decoder.choose(this.#last);
    if (!backend.gpu) await letMessagesIn();
    return end;
  }

  /** Token by token until there is a draft. On the GPU the next step is queued ahead of reading this one, as long as nothing is drafted. */
  async #decodePlainly(): Promise<DecodeEnd | undefined> {
    const { decoder, backend } = this.#input;
    let isAhead = false;
    let pending = await this.#step();
    for (;;) {
      // Of the cache if the pending token is the last.
      const { length } = decoder;
      const mayGoOn = this.#count + 1 < this.#input.limit && length < decoder.cache.capacity;
      const next = this.#reader && mayGoOn && this.#draft(length - 1).length === 0 ? await this.#step() : undefined;
      const id = await pending.token;
      // A step that was not queued ahead waited for the host; verifying waits for it too, but decoding need not.
      if (isAhead || !this.#reader) this.#measured(1);
      else this.#arrived = performance.now();
      this.#options.counts.runs++;
      const end = this.#take(id, length);
      if (end !== undefined) {
        await next?.token;
        this.#rollBack(length);
        return end;
      }
      if (!backend.gpu) await letMessagesIn();
      if (!next) return undefined;
      pending = next;
      isAhead = true;
    }
  }

  /** Queues a step on the newest token, or on the GPU on that of the step before. Its token is wrapped, so that nobody waits for it here. */
  async #step(): Promise<{ token: Promise<number> }> {
    const { decoder, backend, embedding } = this.#input;
    if (!this.#reader)
      return { token: Promise.resolve(await decoder.run(await this.#embedded([this.#last]), [textMask], 'token')) };
    await decoder.next(async () => {
      const ids = decoder.nextIds();
      if (!ids) throw new TypeError('the greedy choice is not on the device');
      await decoder.run(await backend.guard(embedding.embed(ids)), [textMask], 'token');
    });
    return { token: this.#reader.read() };
  }

  /** @param length of the cache without this token */
  #take(id: number, length: number): DecodeEnd | undefined {
    this.#last = id;
    this.#count++;
    this.#drafter.push(id);
    this.#input.onToken(id);
    return ending(this.#input, id, this.#count, length);
  }

  #measured(rows: number): void {
    const now = performance.now();
    // Before the first token arrived, kernels were compiled.
    if (this.#arrived > 0) this.#options.times.add(rows, now - this.#arrived);
    this.#arrived = now;
  }

  #rollBack(length: number): void {
    const { decoder } = this.#input;
    decoder.truncate(length);
    if (decoder.length !== length) throw new TypeError(`the cache cannot go back to ${length} tokens`);
  }

  async #embedded(ids: readonly number[]) {
    const { backend, embedding } = this.#input;
    return backend.guard(embedding.embed(int64Tensor(backend, ids, [1, ids.length])));
  }
}

async function letMessagesIn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}
