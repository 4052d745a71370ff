import type { GenerateEvent } from '#core/protocol/engine.ts';
import type { Failure } from '#core/failure.ts';
import type { EngineClient } from '../../workers/engine.svelte.ts';
import { longestAnswer, type Prompt } from './prompt.svelte.ts';
import type { AdapterList } from './adapter-list.svelte.ts';

/** Text that was written at one set of strengths. */
export interface StrengthSpan {
  text: string;
  /** Strength of each applied adapter, in their order. */
  strengths: readonly number[];
}

/** Tokens per second; undefined: no limit. */
export const paces = [2, 5, 10, undefined] as const;
export type Pace = (typeof paces)[number];

/** An answer that is written while the sliders move. */
export class LiveAnswer {
  spans = $state.raw<readonly StrengthSpan[]>([]);
  names = $state.raw<readonly string[]>([]);
  pace = $state<Pace>(5);
  state = $state<'idle' | 'running' | 'done' | 'stopped' | 'failed'>('idle');
  failure = $state.raw<Failure>();
  readonly running = $derived(this.state === 'running');
  readonly text = $derived(this.spans.map(({ text }) => text).join(''));

  constructor(
    private readonly engine: EngineClient,
    private readonly adapterList: AdapterList,
    private readonly prompt: Prompt,
  ) {}

  clear(): void {
    this.spans = [];
    this.names = [];
    this.state = 'idle';
    this.failure = undefined;
  }

  /** Call it only while no other job runs. */
  async run(): Promise<void> {
    this.clear();
    this.names = this.adapterList.applied.map(({ name }) => name);
    this.state = 'running';
    const { messages, sampling } = this.prompt;
    const request = { messages, sampling, maxNewTokens: longestAnswer, tokensPerSecond: this.pace };
    await this.engine.generate(request, (event) => this.#on(event));
  }

  #on(event: GenerateEvent): void {
    if (event.type === 'token') this.#append(event.text);
    else if (event.type !== 'progress') {
      this.state = event.type;
      if (event.type === 'failed') this.failure = event.failure;
    }
  }

  /** Adds text with the strengths at the time when it arrives. */
  #append(text: string): void {
    if (text === '') return;
    const strengths = this.adapterList.strengths;
    const last = this.spans.at(-1);
    const isSame = last?.strengths.every((strength, at) => strength === strengths[at]) ?? false;
    if (last && isSame) this.spans = [...this.spans.slice(0, -1), { ...last, text: last.text + text }];
    else this.spans = [...this.spans, { text, strengths }];
  }
}
