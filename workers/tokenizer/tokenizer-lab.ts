import { transfer } from 'comlink';
import type { JobId, Listener } from '#core/protocol/engine.ts';
import type {
  CompareEvent,
  EditReply,
  EditRequest,
  LoadEvent,
  PairsEvent,
  PairsRequest,
  TokenFacts,
  TokenizerKey,
  TokenizerLabApi,
  TokenizerSource,
} from '#core/protocol/tokenizer.ts';
import { factsOf } from './facts.ts';
import { Jobs } from './jobs.ts';
import { comparePairs, countPairs } from './pairs.ts';
import { TokenizerRegistry } from './registry.ts';
import { LiveText } from './live-text.ts';

/** The worker's side of the contract. Nothing in it is lost with it but time. */
export class Lab implements TokenizerLabApi {
  readonly #jobs = new Jobs();
  readonly #registry = new TokenizerRegistry();
  readonly #live = new LiveText(this.#registry);

  async load(job: JobId, key: TokenizerKey, source: TokenizerSource, on: Listener<LoadEvent>): Promise<void> {
    const ended = await this.#jobs.run(job, async (running): Promise<LoadEvent> => {
      const registered = await this.#registry.load(key, source, running, (doneBytes, totalBytes) => {
        void on({ type: 'progress', doneBytes, totalBytes });
      });
      return { type: 'done', tokenizer: registered.info };
    });
    await on(ended);
  }

  forget(key: TokenizerKey): void {
    this.#registry.forget(key);
  }

  async edit(request: EditRequest): Promise<EditReply> {
    const reply = this.#live.edit(request);
    if (reply.type === 'resend') return reply;
    const buffers = reply.lanes.flatMap((lane) => [lane.counts, lane.ids, lane.ends, lane.marks]);
    return transfer(
      reply,
      [reply.lengths, ...buffers].map(({ buffer }) => buffer),
    );
  }

  inspect(key: TokenizerKey, id: number): TokenFacts | undefined {
    const registered = this.#registry.get(key);
    return registered && factsOf(registered, id);
  }

  async measurePairs(job: JobId, request: PairsRequest, on: Listener<PairsEvent>): Promise<void> {
    const ended = await this.#jobs.run(job, async (running): Promise<PairsEvent> => {
      const counts = await countPairs(this.#registry, request, running, (done, total) => {
        void on({ type: 'progress', done, total });
      });
      return { type: 'done', counts };
    });
    await on(ended);
  }

  async comparePairs(job: JobId, request: PairsRequest, on: Listener<CompareEvent>): Promise<void> {
    const ended = await this.#jobs.run(job, async (running): Promise<CompareEvent> => {
      const results = await comparePairs(this.#registry, request, running, (done, total) => {
        void on({ type: 'progress', done, total });
      });
      return { type: 'done', results };
    });
    await on(ended);
  }

  stop(job: JobId): void {
    this.#jobs.stop(job);
  }
}
