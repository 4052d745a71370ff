/** The jobs of the tokenizer worker. All its state can be loaded again. */
import type { EditReply, TokenizerJobs } from '#core/protocol/tokenizer.ts';
import type { Handlers } from '../jobs/serve.ts';
import { cutTexts } from './cut-texts.ts';
import { factsOf } from './facts.ts';
import { LiveText } from './live-text.ts';
import { comparePairs, countPairs } from './pairs.ts';
import { TokenizerRegistry } from './registry.ts';

export class TokenizerLab {
  readonly #registry = new TokenizerRegistry();
  readonly #live = new LiveText(this.#registry);

  readonly handlers: Handlers<TokenizerJobs> = {
    load: {
      mode: 'concurrent',
      run: async ({ key, source }, job) => {
        const { info } = await this.#registry.load(key, source, job, (doneBytes, totalBytes) =>
          job.progress({ type: 'progress', doneBytes, totalBytes }),
        );
        return { tokenizer: info };
      },
    },
    forget: {
      mode: 'concurrent',
      run: (key) => {
        this.#registry.forget(key);
        return {};
      },
    },
    edit: {
      mode: 'concurrent',
      run: (request) => ({ reply: this.#live.edit(request) }),
      transfer: ({ reply }) => buffersOf(reply),
    },
    inspect: {
      mode: 'concurrent',
      run: ({ key, id }) => {
        const registered = this.#registry.get(key);
        return { facts: registered && factsOf(registered, id) };
      },
    },
    measurePairs: {
      mode: 'concurrent',
      run: async (request, job) => ({ counts: await countPairs(this.#registry, request, job) }),
    },
    cut: {
      mode: 'latest',
      run: async (request, job) => ({ cuts: await cutTexts(this.#registry, request, job) }),
    },
    comparePairs: {
      mode: 'latest',
      run: async (request, job) => ({ results: await comparePairs(this.#registry, request, job) }),
    },
  };
}

function buffersOf(reply: EditReply): Transferable[] {
  if (reply.type === 'resend') return [];
  const buffers = reply.lanes.flatMap((lane) => [lane.counts, lane.ids, lane.ends, lane.marks]);
  return [reply.lengths, reply.inside, ...buffers].map(({ buffer }) => buffer);
}
