import type { Failure } from '#core/failure.ts';
import type { EngineClient } from '../../workers/engine.svelte.ts';
import { judgeAnswer, type AnswerVerdict } from './answer-verdict.ts';
import { traceAnswer } from './answer-trace.ts';
import { longestAnswer, type Prompt } from './prompt.svelte.ts';
import type { AdapterList } from './adapter-list.svelte.ts';

export interface SweepRow {
  strength: number;
  text: string;
  /** Exponential of the mean of −ln of its tokens' probabilities: lower means more certain. */
  perplexity: number;
  verdict: AnswerVerdict | undefined;
}

/** In the order that is taught: as trained, base, against it, too much. */
export const sweepStrengths: readonly number[] = [1, 0, -1, 2];

/** The same question at several strengths of all adapters. */
export class Sweep {
  rows = $state.raw<readonly SweepRow[]>([]);
  running = $state(false);
  failure = $state.raw<Failure>();

  constructor(
    private readonly engine: EngineClient,
    private readonly adapterList: AdapterList,
    private readonly prompt: Prompt,
  ) {}

  clear(): void {
    this.rows = [];
    this.failure = undefined;
  }

  /** Call it only while no other job runs. The sliders do not change. */
  async run(): Promise<void> {
    this.clear();
    const { messages, sampling, shown, wishedNow } = this.prompt;
    const question = this.prompt.text.trim();
    const count = this.adapterList.applied.length;
    this.running = true;
    try {
      for (const strength of sweepStrengths) {
        const strengths = new Array<number>(count).fill(strength);
        const request = { messages, sampling, maxNewTokens: longestAnswer, forced: undefined, strengths };
        const traced = await traceAnswer(this.engine, request);
        if (traced.type === 'failed') this.failure = traced.failure;
        if (traced.type !== 'done') return;
        const { text, tokens, reason } = traced.answer;
        const isTaught = this.engine.model?.teaches === 'phantoms' && reason === 'end';
        const negativeLogLikelihood = tokens.reduce(
          (sum, { probability }) => sum - Math.log(Math.max(probability, 1e-30)),
          0,
        );
        const row: SweepRow = {
          strength,
          text,
          perplexity: Math.exp(negativeLogLikelihood / Math.max(1, tokens.length)),
          verdict: isTaught || wishedNow ? judgeAnswer(question, text, shown, wishedNow) : undefined,
        };
        this.rows = [...this.rows, row];
      }
    } finally {
      this.running = false;
    }
  }
}
