import type { PackageSource } from '#core/protocol/engine.ts';
import type { MemoryStats } from '#core/protocol/stats.ts';
import { usedBytes } from '../../workers/used-memory.ts';
import type { Failure } from '#core/failure.ts';
import type { ModelPart } from '#core/gemma3/parts.ts';
import type { Measured } from './measure.ts';
import { partsCode, type PartSettings } from './settings-code.ts';

/** What is tried: the original's weights with some settings, or a visitor's package unchanged. */
export type Subject = { type: 'parts'; parts: PartSettings } | { type: 'package'; name: string; source: PackageSource };

/** waiting: not started · making: weights are quantized · opening: they are loaded onto the device · asking */
export type TrialState = 'waiting' | 'making' | 'opening' | 'asking' | 'done' | 'cancelled' | 'failed';

/** Vocabulary sizes of a package that cannot be compared with the original. */
export interface OtherVocabulary {
  own: number;
  original: number;
}

let made = 0;

/** One setting of the whole model, and its results. */
export class Trial {
  readonly id = `trial-${++made}`;
  state = $state<TrialState>('waiting');
  /** Progress of the current state. */
  progress = $state.raw<{ done: number; total: number }>();
  failure = $state.raw<Failure>();
  otherVocabulary = $state.raw<OtherVocabulary>();
  weightBytes = $state<number>();
  bitsPerWeight = $state<number>();
  /** True if size and bits were measured on the device, because the package does not state them. */
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

  /** Trials with the same key are the same. */
  get key(): string {
    return this.subject.type === 'parts' ? partsCode(this.subject.parts) : `package:${this.id}`;
  }

  /** On the GPU the sum of all purposes; on the CPU the WebAssembly memory, if the browser reports it. */
  get memoryBytes(): number | undefined {
    return this.memory && usedBytes(this.memory);
  }

  /** Drops all results. */
  reset(): void {
    this.state = 'waiting';
    this.progress = undefined;
    this.failure = undefined;
    this.otherVocabulary = undefined;
    this.memory = undefined;
    this.measured = { answers: [], distance: undefined, tokensPerSecond: undefined };
  }
}
