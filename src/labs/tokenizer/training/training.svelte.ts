import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { writePack } from '#core/tokenizer/korean/write-pack.ts';
import type { CurvePoint, PackMerge, ReadTraining, TrainingEvent, TrainingRequest } from '#core/protocol/vocabulary.ts';
import type { Failure } from '#core/failure.ts';
import { VocabularyWorker } from '../../../workers/vocabulary-worker.ts';
import { download } from '../../../platform/download.ts';
import type { Entry } from '../tokenizers/entry.svelte.ts';
import type { TokenizerLab } from '../lab.svelte.ts';

export const maxTokens = 50_000;

type Phase = 'start' | 'read' | 'count' | 'merge';

/** Trains a vocabulary on the reader's text, in a separate worker. */
export class Training {
  text = $state('');
  file = $state.raw<File>();
  tokens = $state(500);
  minFrequency = $state(2);

  state = $state<'idle' | 'running' | 'done' | 'cancelled' | 'failed'>('idle');
  phase = $state<Phase>('start');
  /** Progress of reading or counting, 0 … 1. */
  share = $state(0);
  asked = $state.raw({ tokens: 0, minFrequency: 0 });
  split = $state.raw<{ sentences: number; heldOut: number } & ReadTraining>();
  made = $state(0);
  latest = $state.raw<readonly PackMerge[]>([]);
  curve = $state.raw<readonly CurvePoint[]>([]);
  failure = $state.raw<Failure>();
  pack = $state.raw<Pack>();
  /** Its entry in the comparison, once it was added. */
  entry = $state.raw<Entry>();

  readonly #worker = new VocabularyWorker();
  #job: { stop(): void } | undefined;

  constructor(
    private readonly lab: TokenizerLab,
    private readonly base: string,
  ) {}

  async start(): Promise<void> {
    if (this.state === 'running') return;
    this.#reset();
    const job = this.#worker.start('train', this.#request(), (event) => this.#on(event));
    this.#job = job;
    await job.ended;
    // Frees tables of a quarter of a million pieces: there may be no next training.
    this.#worker.end();
  }

  cancel(): void {
    this.#job?.stop();
  }

  async addToLab(): Promise<void> {
    const { pack } = this;
    if (!pack) return;
    const known = new Set(this.lab.tokenizers.entries);
    await this.lab.addFiles([new File([writePack(pack)], `${pack.name}.json`, { type: 'application/json' })]);
    this.entry = this.lab.tokenizers.entries.find((entry) => !known.has(entry));
  }

  download(): void {
    if (this.pack) download(writePack(this.pack), 'application/json', `${this.pack.name}.json`);
  }

  #request(): TrainingRequest {
    const { text, file, tokens, minFrequency } = this;
    return {
      base: this.base,
      name: `my-ko-${tokens}`,
      text: file ? { type: 'file', name: file.name, file } : { type: 'text', text },
      tokens,
      minFrequency,
    };
  }

  #reset(): void {
    this.state = 'running';
    this.phase = 'start';
    this.share = 0;
    this.asked = { tokens: this.tokens, minFrequency: this.minFrequency };
    this.split = undefined;
    this.made = 0;
    this.latest = [];
    this.curve = [];
    this.failure = undefined;
    this.pack = undefined;
    this.entry = undefined;
  }

  #on(event: TrainingEvent): void {
    if (event.type === 'progress') {
      this.phase = event.phase;
      this.share = event.share;
    } else if (event.type === 'split') {
      const { sentences, heldOut, decomposed, encoding } = event;
      this.split = { sentences, heldOut, decomposed, encoding };
      this.curve = [event.point];
    } else if (event.type === 'merges') {
      this.phase = 'merge';
      this.made = event.done;
      this.latest = event.latest;
      if (event.point) this.curve = [...this.curve, event.point];
    } else if (event.type === 'done') {
      this.pack = event.pack;
      this.made = event.point.merges;
      if (this.curve.at(-1)?.merges !== event.point.merges) this.curve = [...this.curve, event.point];
      this.state = 'done';
    } else if (event.type === 'stopped') {
      this.state = 'cancelled';
      this.curve = [];
      this.split = undefined;
    } else {
      this.failure = event.failure;
      this.state = 'failed';
    }
  }
}
