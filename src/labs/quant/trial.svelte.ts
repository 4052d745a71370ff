import type { MemoryStats, PackageSource } from '#core/protocol/engine.ts';
import type { Failure } from '#core/failure.ts';
import type { ModelPart } from '#core/gemma3/parts.ts';
import type { Measured } from './measure.ts';
import { partsCode, type PartSettings } from './settings-code.ts';

/** What is tried: the original's weights under some settings, or somebody's package as it is. */
export type Subject = { type: 'parts'; parts: PartSettings } | { type: 'package'; name: string; source: PackageSource };

/** waiting: not yet, or not again · making: weights are quantized · opening: they go to the device · asking */
export type TrialState = 'waiting' | 'making' | 'opening' | 'asking' | 'done' | 'cancelled' | 'failed';

/** What the page says of a package that cannot be compared with the original. */
export interface OtherVocabulary {
  own: number;
  original: number;
}

let made = 0;

/** One setting of the whole model, and what came of it. */
export class Trial {
  readonly id = `trial-${++made}`;
  state = $state<TrialState>('waiting');
  /** Of the state it is in. */
  progress = $state.raw<{ done: number; total: number }>();
  failure = $state.raw<Failure>();
  otherVocabulary = $state.raw<OtherVocabulary>();
  weightBytes = $state<number>();
  bitsPerWeight = $state<number>();
  /** True where size and bits are what the device holds: nobody says what the format takes. */
  sizeOnDevice = $state(false);
  asFloats = $state.raw<readonly ModelPart[]>([]);
  memory = $state.raw<MemoryStats>();
  measured = $state.raw<Measured>({ answers: [], distance: undefined, tokensPerSecond: undefined });
  readonly right = $derived(this.measured.answers.filter((answer) => answer.right).length);
  readonly running = $derived(this.state === 'making' || this.state === 'opening' || this.state === 'asking');

  constructor(
    readonly subject: Subject,
    readonly isReference: boolean,
  ) {}

  /** Two trials of one key are the same. */
  get key(): string {
    return this.subject.type === 'parts' ? partsCode(this.subject.parts) : `package:${this.id}`;
  }

  /** On the GPU all purposes together; on the CPU what WebAssembly has taken, where the browser tells. */
  get memoryBytes(): number | undefined {
    if (!this.memory) return undefined;
    const onGpu = Object.values(this.memory.gpu).reduce((sum, { bytes }) => sum + bytes, 0);
    return onGpu || this.memory.wasmHeap?.bytes;
  }

  /** Ready to begin from nothing. */
  reset(): void {
    this.state = 'waiting';
    this.progress = undefined;
    this.failure = undefined;
    this.otherVocabulary = undefined;
    this.memory = undefined;
    this.measured = { answers: [], distance: undefined, tokensPerSecond: undefined };
  }
}
