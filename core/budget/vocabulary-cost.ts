/**
 * What the rows of new tokens cost in a model, and from where on the tokens that they save are worth more. A decoder reads all its
 * weights for every token: more rows make each token slower, fewer tokens make the text shorter.
 */
import type { Gemma3Config } from '../gemma3/config.ts';
import { bytesPerToken } from './decode-speed.ts';
import { valueOf } from './expression.ts';
import { kvPerToken } from './kv-cache.ts';
import { textWeights, type Place } from './model-weights.ts';
import { FLOAT_BYTES, type ModelStorage } from './storage.ts';

export interface VocabularyCost {
  /** Rows times hidden size, once where embedding and head are one matrix. */
  parameters: number;
  fileBytes: number;
  gpuBytes: number;
  /** Growth of the bytes that are read for a token: 0.01 is one per cent more. */
  moreReadPerToken: number;
  /** Part of its tokens that a text must save to be written in the same time. */
  timeBreakEven: number;
  /** Cache bytes of a token in the layers that keep every position. */
  kvBytesPerToken: number;
}

/** @param contextTokens tokens that the new one looks back at */
export function vocabularyCost(
  config: Gemma3Config,
  storage: ModelStorage,
  addedTokens: number,
  contextTokens: number,
): VocabularyCost {
  const bytes = (place: Place) =>
    tableBytes(config, storage, place, addedTokens) - tableBytes(config, storage, place, 0);
  const read = (added: number) => valueOf(bytesPerToken(config, { storage, addedTokens: added, contextTokens }));
  const moreReadPerToken = read(addedTokens) / read(0) - 1;
  const { hiddenSize, tiedEmbedding } = config.text;
  return {
    parameters: addedTokens * hiddenSize * (tiedEmbedding ? 1 : 2),
    fileBytes: bytes('files'),
    gpuBytes: bytes('gpu'),
    moreReadPerToken,
    timeBreakEven: moreReadPerToken / (1 + moreReadPerToken),
    kvBytesPerToken: valueOf(kvPerToken(config.text, FLOAT_BYTES[storage.compute]).global),
  };
}

/** Change of the time to write a text that saves this part of its tokens: −0.2 is a fifth less. */
export function timeChange({ moreReadPerToken }: VocabularyCost, saving: number): number {
  return (1 - saving) * (1 + moreReadPerToken) - 1;
}

/** Tokens of a text, counted with the base, whose smaller cache makes up for the rows on the GPU; undefined where nothing is saved. */
export function memoryBreakEven({ gpuBytes, kvBytesPerToken }: VocabularyCost, saving: number): number | undefined {
  return saving > 0 ? gpuBytes / (saving * kvBytesPerToken) : undefined;
}

function tableBytes(config: Gemma3Config, storage: ModelStorage, place: Place, addedTokens: number): number {
  const { embedding, head } = textWeights(config.text, storage, place, addedTokens);
  return valueOf(embedding) + (head ? valueOf(head) : 0);
}
