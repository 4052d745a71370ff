import type { ChatMessage } from '#core/chat/message.ts';
import type { Failure } from '#core/failure.ts';
import type { WishedAnswer } from '#core/lora/training/wished-answer.ts';
import type { TraceEvent, TraceRequest } from '#core/protocol/adapters.ts';
import type { AdapterInfo } from '#core/lora/describe.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { phantomOfSeed } from '../../chat/phantoms.ts';

/** The part of the engine client (src/workers/engine.svelte.ts) that is asked. */
export interface TracingEngine {
  readonly model: ModelInfo | undefined;
  readonly adapters: readonly AdapterInfo[];
  trace(request: TraceRequest, on: (event: TraceEvent) => void): Promise<void>;
}

const LONGEST = 160;

/** What the open model answers without any adapter. */
export class BaseAnswer {
  #answered = $state.raw<{ key: string; text: string }>();
  running = $state(false);
  failure = $state.raw<Failure>();

  constructor(private readonly engine: TracingEngine) {}

  /** Undefined until it was asked. */
  of(row: WishedAnswer): string | undefined {
    return this.#answered?.key === this.#key(row) ? this.#answered.text : undefined;
  }

  /** Works while no other answer is written. */
  async ask(row: WishedAnswer): Promise<void> {
    if (this.running || this.of(row) !== undefined) return;
    const key = this.#key(row);
    this.running = true;
    this.failure = undefined;
    const request = {
      messages: messagesOf(row),
      sampling: { temperature: 0, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: 1 },
      ...{ maxNewTokens: LONGEST, forced: undefined, alternatives: 1, logits: false },
      strengths: this.engine.adapters.map(() => 0),
    };
    try {
      await this.engine.trace(request, (event) => {
        if (event.type === 'done') this.#answered = { key, text: event.text };
        // Another job was more urgent: the button asks again.
        else if (event.type === 'failed' && event.failure.code !== 'busy') this.failure = event.failure;
      });
    } finally {
      this.running = false;
    }
  }

  #key({ question, image }: WishedAnswer): string {
    const shown = image?.type === 'phantom' ? image.seed : image?.name;
    return `${this.engine.model?.name} ${shown} ${question}`;
  }
}

function messagesOf({ question, image }: WishedAnswer): ChatMessage[] {
  const text = { type: 'text', text: question } as const;
  if (!image) return [{ role: 'user', content: [text] }];
  const { name, blob } =
    image.type === 'file' ? image : { name: `phantom-${image.seed}`, blob: phantomOfSeed(image.seed).file };
  return [{ role: 'user', content: [{ type: 'image', name, image: blob }, text] }];
}
