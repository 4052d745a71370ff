/** Rows of a step as feeds of the training graph. */
import { TRAINING_INPUTS } from '../../gemma3/training-graph.ts';
import type { Feeds } from './run-graph.ts';

/** A conversation that is trained on, prepared once. */
export interface TrainingRow {
  /** Token ids, [tokens]; at the tokens of images any. */
  ids: readonly number[];
  /** [tokens]: 1 is text, 2, 3, … number the images. */
  mask: readonly number[];
  /** Features of each image, float32 [tokens of the image, hidden], in place of the embeddings from token `start` on. */
  images: readonly { start: number; features: Float32Array }[];
  /** Positions, rising, whose next token is trained, and that token. */
  answers: readonly { position: number; id: number }[];
}

/** Ids of a row whose embeddings it needs: those that no image replaces. */
export function textIds({ ids, mask }: Pick<TrainingRow, 'ids' | 'mask'>): number[] {
  return ids.filter((_, at) => mask[at] === 1);
}

/** Embeddings as the decoder takes them, of every id of the rows: what comes before the first layer does not train. */
export interface TokenEmbeddings {
  hidden: number;
  /** float32 [hidden] @throws RangeError for an id that was not embedded */
  of(id: number): Float32Array;
}

/**
 * Rows in parts that are run one after another: alike in length, so that little is padding, and each of at most `tokens` tokens with
 * its padding. A longer row is a part of its own.
 */
export function partsOf<Row extends { ids: { length: number } }>(rows: readonly Row[], tokens: number): Row[][] {
  const parts: Row[][] = [];
  for (const row of [...rows].sort((a, b) => b.ids.length - a.ids.length)) {
    const part = parts.at(-1);
    // The first row of a part is its longest.
    if (part?.[0] && part[0].ids.length * (part.length + 1) <= tokens) part.push(row);
    else parts.push([row]);
  }
  return parts;
}

/** @param scale of the summed losses @throws RangeError for a row without an answer, which the graph cannot run */
export function feedsOf(rows: readonly TrainingRow[], embeddings: TokenEmbeddings, scale: number): Feeds {
  const { hidden } = embeddings;
  const sequence = Math.max(...rows.map(({ ids }) => ids.length));
  const embeds = new Float32Array(rows.length * sequence * hidden);
  const mask = new BigInt64Array(rows.length * sequence);
  const positions: bigint[] = [];
  const expected: number[] = [];
  for (const [index, row] of rows.entries()) {
    if (row.answers.length === 0) throw new RangeError(`row ${index} has no token to train on`);
    const first = index * sequence;
    for (const [at, id] of row.ids.entries())
      if (row.mask[at] === 1) embeds.set(embeddings.of(id), (first + at) * hidden);
    for (const { start, features } of row.images) embeds.set(features, (first + start) * hidden);
    mask.set(row.mask.map(BigInt), first);
    for (const { position, id } of row.answers) {
      positions.push(BigInt(first + position));
      expected.push(id);
    }
  }
  return {
    [TRAINING_INPUTS.embeds]: { type: 'float32', data: embeds, dims: [rows.length, sequence, hidden] },
    [TRAINING_INPUTS.mask]: { type: 'int64', data: mask, dims: [rows.length, sequence] },
    [TRAINING_INPUTS.positions]: { type: 'int64', data: BigInt64Array.from(positions), dims: [positions.length] },
    [TRAINING_INPUTS.ids]: { type: 'int32', data: Int32Array.from(expected), dims: [expected.length] },
    [TRAINING_INPUTS.scale]: { type: 'float32', data: Float32Array.of(scale), dims: [] },
  };
}

/** @param parameters A and B, [LoraLayout.length] */
export function withParameters(feeds: Feeds, parameters: Float32Array): Feeds {
  return {
    ...feeds,
    [TRAINING_INPUTS.parameters]: { type: 'float32', data: parameters, dims: [parameters.length] },
  };
}

export function answerTokens(rows: readonly TrainingRow[]): number {
  return rows.reduce((sum, { answers }) => sum + answers.length, 0);
}
