import { gemma3of4B, kvBytesPerToken, kvBytesWithWindow } from '#core/budget/kv-cache.ts';
import type { EngineClient } from '../../../workers/engine.svelte.ts';

/** Bytes of a number in the 4B's cache and matrix as they are spoken of here. */
const half = 2;

/** What a number of tokens costs. */
export interface Cost {
  tokens: number;
  seconds: number;
  /** KV cache of the open model, and how much of its context; undefined where nothing is measured. */
  kvOfModel: number | undefined;
  shareOfModel: number | undefined;
  kvOf4B: number;
  kvOf4BWithWindow: number;
  shareOf4B: number;
}

/** The speed and the cache that tokens are converted with. */
export class TokenCost {
  /** Tokens per second that the reader puts in where none was measured. */
  assumed = $state(10);
  readonly #engine: EngineClient;
  readonly measured = $derived.by(() => {
    const rate = this.#engine.stats?.turn?.decodeTokensPerSecond;
    return rate !== undefined && rate > 0 ? rate : undefined;
  });
  readonly speed = $derived(this.measured ?? this.assumed);
  /** KV buffers of the open model on the GPU, taken for its whole context at once. */
  readonly kv = $derived.by(() => {
    const stats = this.#engine.stats;
    const bytes = stats?.memory.gpu.kv.bytes ?? 0;
    // While a package opens its buffers may stand before its context is told.
    return stats && bytes > 0 && stats.contextLength > 0 ? { bytes, contextLength: stats.contextLength } : undefined;
  });

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  assume(speed: number): void {
    if (Number.isFinite(speed) && speed > 0) this.assumed = speed;
  }

  costOf(tokens: number): Cost {
    const contextLength = this.#engine.model?.contextLength;
    return {
      tokens,
      seconds: tokens / this.speed,
      kvOfModel: this.kv && (tokens * this.kv.bytes) / this.kv.contextLength,
      shareOfModel: contextLength ? tokens / contextLength : undefined,
      kvOf4B: tokens * kvBytesPerToken(gemma3of4B, half),
      kvOf4BWithWindow: kvBytesWithWindow(gemma3of4B, tokens, half),
      shareOf4B: tokens / gemma3of4B.maxPositions,
    };
  }
}

/** What the rows of new tokens take in the 4B: embedding and head share them. */
export function priceOfRows(tokens: number): { parameters: number; bytes: number } {
  const parameters = tokens * gemma3of4B.hiddenSize;
  return { parameters, bytes: parameters * half };
}
