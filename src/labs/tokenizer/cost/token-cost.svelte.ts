import { gemma3of4B, kvBytesPerToken, kvBytesWithWindow } from '#core/budget/kv-cache.ts';
import type { EngineClient } from '../../../workers/engine.svelte.ts';

/** Bytes of a number in the KV cache and embedding matrix of the 4B model: 16 bits. */
const half = 2;

/** The cost of a number of tokens. */
export interface Cost {
  tokens: number;
  seconds: number;
  /** KV cache in the open model, and the share of its context; undefined if nothing is measured. */
  kvOfModel: number | undefined;
  shareOfModel: number | undefined;
  kvOf4B: number;
  kvOf4BWithWindow: number;
  shareOf4B: number;
}

/** The speed and the cache that tokens are converted with. */
export class TokenCost {
  /** Tokens per second that the reader enters, used if none were measured. */
  assumed = $state(10);
  readonly #engine: EngineClient;
  readonly measured = $derived.by(() => {
    const rate = this.#engine.stats?.turn?.decodeTokensPerSecond;
    return rate !== undefined && rate > 0 ? rate : undefined;
  });
  readonly speed = $derived(this.measured ?? this.assumed);
  /** KV buffers of the open model on the GPU, allocated for its whole context. */
  readonly kv = $derived.by(() => {
    const stats = this.#engine.stats;
    const bytes = stats?.memory.gpu?.kv.bytes ?? 0;
    // While a package opens, its buffers may be allocated before its context length is known.
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

/** Size of the rows of new tokens in the 4B model; embedding and head share them. */
export function sizeOfNewRows(tokens: number): { parameters: number; bytes: number } {
  const parameters = tokens * gemma3of4B.hiddenSize;
  return { parameters, bytes: parameters * half };
}
