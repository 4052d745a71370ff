/**
 * Tokens a second that a machine can decode. Two things take time: reading every weight once a token, and starting the kernels.
 * A GPU overlaps them in part, so the truth lies between the longer of both and their sum.
 */
import type { Gemma3Config } from '../gemma3/config.ts';
import { most, named, product, quotient, sum, valueOf, type Expression } from './expression.ts';
import { textWeights } from './model-weights.ts';
import { FLOAT_BYTES, isBlocks, type ModelStorage } from './storage.ts';

/** Microseconds that a dispatch costs: 24 … 36 on Vulkan, 32 … 71 on Metal (arXiv 2604.02344). */
export const DISPATCH_MICROSECONDS = { least: 24, most: 71 } as const;

/**
 * Dispatches of a layer and of a token (docs/dispatches.md, measured for q4). In float16 each layer has two Casts, and queries, keys and
 * values are three products instead of one (on paper).
 */
const DISPATCHES = { layer: 15, halfLayer: 19, token: 5 } as const;

/** Shares of a bandwidth that kernels reach. */
const REACHED = { least: 0.5, most: 1 } as const;

export interface DecodeSettings {
  storage: ModelStorage;
  addedTokens: number;
  /** Tokens that the new one looks back at. */
  contextTokens: number;
}

export interface DecodeSpeed {
  bytesPerToken: Expression;
  dispatches: Expression;
  /** Tokens a second: half of the bandwidth reached and the slowest dispatches, one after the other. */
  low: Expression;
  /** All of the bandwidth and the fastest dispatches, at the same time. */
  high: Expression;
}

/** Bytes that are read for a token: all weights of the decoder, and of the cache what the token looks at. */
export function bytesPerToken(
  config: Gemma3Config,
  { storage, addedTokens, contextTokens }: DecodeSettings,
): Expression {
  const { text } = config;
  const { attention, mlp, embedding, head, norms } = textWeights(text, storage, 'gpu', addedTokens);
  const locals = text.isLocal.filter((local) => local).length;
  const positions = sum(
    product(named('local_layers', locals), named('window', Math.min(text.slidingWindow, contextTokens))),
    product(named('global_layers', text.layers - locals), named('context', contextTokens)),
  );
  const ofPosition = [2, named('kv_heads', text.keyValueHeads), named('head_dim', text.headDim)] as const;
  // An untied embedding is read by a row.
  return sum(attention, mlp, head ?? embedding, norms, product(positions, ...ofPosition, FLOAT_BYTES[storage.compute]));
}

export function dispatchesPerToken(config: Gemma3Config, storage: ModelStorage): Expression {
  const isHalf = storage.compute === 'fp16' && isBlocks(storage.formats.attention);
  return sum(
    product(named('layers', config.text.layers), isHalf ? DISPATCHES.halfLayer : DISPATCHES.layer),
    DISPATCHES.token,
  );
}

/** @param bandwidth of the GPU's memory, bytes a second */
export function decodeSpeed(config: Gemma3Config, settings: DecodeSettings, bandwidth: number): DecodeSpeed {
  const bytes = bytesPerToken(config, settings);
  const dispatches = dispatchesPerToken(config, settings.storage);
  const read = (reached: number) =>
    quotient(named('bytes_per_token', valueOf(bytes)), product(named('bandwidth', bandwidth), reached));
  const start = (microseconds: number) =>
    quotient(product(named('dispatches', valueOf(dispatches)), microseconds), 1e6);
  return {
    bytesPerToken: bytes,
    dispatches,
    low: quotient(1, sum(read(REACHED.least), start(DISPATCH_MICROSECONDS.most))),
    high: quotient(1, most(read(REACHED.most), start(DISPATCH_MICROSECONDS.least))),
  };
}
