import type { FixedLengthQuestion, GpuCounts, TimedAnswer } from '#core/protocol/bench.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';

/** One row of the comparison: an engine in one configuration. */
export interface EngineUnderTest {
  /** Name on the card. */
  readonly engine: string;
  /** Whether this row differs from what the comparison's first engine opened; one that does not is left out. Missing: it does. */
  readonly differsFrom?: (first: ModelInfo) => boolean;
  /** Starts a fresh worker. @param signal aborts what waits for the worker */
  readonly start: (signal: AbortSignal) => RunningEngine;
}

export interface RunningEngine {
  /**
   * Opens the package.
   * @param first what the comparison's first engine opened, so that others compute the same; undefined for the first itself
   */
  open(contextLength: number, first: ModelInfo | undefined): Promise<OpenedEngine>;
  answer(question: FixedLengthQuestion): Promise<TimedAnswer>;
  counts(): Promise<GpuCounts>;
  /** Ends the worker at once. */
  end(): void;
}

export interface OpenedEngine {
  version: string;
  /** Undefined where the engine does not tell. */
  model: ModelInfo | undefined;
}
