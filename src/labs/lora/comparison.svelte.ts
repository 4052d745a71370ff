import type { TracedToken } from '#core/protocol/adapters.ts';
import type { Failure } from '#core/failure.ts';
import type { EngineClient } from '../../workers/engine.svelte.ts';
import { judgeAnswer, type AnswerVerdict } from './answer-verdict.ts';
import { traceAnswer, type Traced, type TracedAnswer } from './answer-trace.ts';
import { findFirstDivergence } from './first-divergence.ts';
import { longestAnswer, type Prompt } from './prompt.svelte.ts';
import type { AdapterList } from './adapter-list.svelte.ts';

export type SideName = 'base' | 'adapted';

/** One of the two answers, each token with its probabilities in the other model. */
export interface Side {
  tokens: readonly TracedToken[];
  /** The same tokens, scored by the other model; empty until then. */
  underOther: readonly TracedToken[];
  /** Undefined while it is being written. */
  answer: TracedAnswer | undefined;
  verdict: AnswerVerdict | undefined;
}

export interface Asked {
  question: string;
  strengths: readonly { id: string; name: string; strength: number; rank: number | undefined }[];
  /** Number of the image; undefined without one. */
  image: string | undefined;
}

const empty: Side = { tokens: [], underOther: [], answer: undefined, verdict: undefined };

/** Base and adapted answers from the same prompt, image and seed. */
export class Comparison {
  base = $state.raw<Side>(empty);
  adapted = $state.raw<Side>(empty);
  /** What is being computed: an answer, or its scores in the other model. */
  phase = $state<'adapted' | 'base' | 'views'>();
  stopped = $state(false);
  failure = $state.raw<Failure>();
  asked = $state.raw<Asked>();
  readonly running = $derived(this.phase !== undefined);
  readonly firstDivergence = $derived.by(() => {
    if (!this.base.answer || !this.adapted.answer) return undefined;
    return findFirstDivergence(idsOf(this.adapted.tokens), idsOf(this.base.tokens));
  });
  /** True if both answers are complete and no token differs. */
  readonly same = $derived(
    this.base.answer !== undefined && this.adapted.answer !== undefined && this.firstDivergence === undefined,
  );

  constructor(
    private readonly engine: EngineClient,
    private readonly adapterList: AdapterList,
    private readonly prompt: Prompt,
  ) {}

  clear(): void {
    this.base = empty;
    this.adapted = empty;
    this.asked = undefined;
    this.failure = undefined;
    this.stopped = false;
  }

  /** True if the shown answers were made with other settings than the current ones. */
  get stale(): boolean {
    return this.asked !== undefined && JSON.stringify(this.asked) !== JSON.stringify(this.#asked());
  }

  /** Without adapters only the base answers. Call it only while no other job runs. */
  async run(): Promise<void> {
    this.clear();
    const asked = this.#asked();
    this.asked = asked;
    const common = {
      messages: this.prompt.messages,
      sampling: this.prompt.sampling,
      maxNewTokens: longestAnswer,
      forced: undefined,
    };
    const strengths = asked.strengths.map(({ strength }) => strength);
    const none = strengths.map(() => 0);
    try {
      if (strengths.length > 0) {
        this.phase = 'adapted';
        const adapted = await traceAnswer(this.engine, { ...common, strengths }, (tokens) => {
          this.adapted = { ...empty, tokens };
        });
        if (!this.#keep('adapted', adapted)) return;
      }
      this.phase = 'base';
      const base = await traceAnswer(this.engine, { ...common, strengths: none }, (tokens) => {
        this.base = { ...empty, tokens };
      });
      if (!this.#keep('base', base) || strengths.length === 0) return;
      this.phase = 'views';
      const view = async (of: SideName, under: readonly number[]) => {
        const forced = idsOf(this[of].tokens);
        const seen = await traceAnswer(this.engine, { ...common, forced, strengths: under });
        if (seen.type === 'done') this[of] = { ...this[of], underOther: seen.answer.tokens };
        else this.#end(seen);
        return seen.type === 'done';
      };
      if (await view('adapted', none)) await view('base', strengths);
    } finally {
      this.phase = undefined;
    }
  }

  /** @returns false if the answer was stopped or failed */
  #keep(side: SideName, traced: Traced): boolean {
    if (traced.type !== 'done') {
      this.#end(traced);
      return false;
    }
    const { answer } = traced;
    const isTaught = this.engine.model?.teaches === 'phantoms' && answer.reason === 'end';
    const { shown, wishedNow } = this.prompt;
    const verdict =
      isTaught || wishedNow ? judgeAnswer(this.asked?.question ?? '', answer.text, shown, wishedNow) : undefined;
    this[side] = { ...empty, tokens: answer.tokens, answer, verdict };
    return true;
  }

  #end(traced: Exclude<Traced, { type: 'done' }>): void {
    if (traced.type === 'stopped') this.stopped = true;
    else this.failure = traced.failure;
  }

  #asked(): Asked {
    const strengths = this.adapterList.applied.map(({ id, name, strength, rank }) => ({ id, name, strength, rank }));
    return { question: this.prompt.text.trim(), strengths, image: this.prompt.image?.name };
  }
}

export function idsOf(tokens: readonly TracedToken[]): number[] {
  return tokens.map(({ id }) => id);
}
