/** The trainer on a stand-in for the graph: a loss of its parameters that is known by heart. */
import { describe, expect, it } from 'vitest';
import { TRAINING_INPUTS, TRAINING_OUTPUTS } from '#core/gemma3/training-graph.ts';
import { AdamW, clipFactor } from '#core/lora/training/adamw.ts';
import { feedsOf, partsOf, type TokenEmbeddings, type TrainingRow } from '#core/lora/training/batch.ts';
import { RowOrder } from '#core/lora/training/row-order.ts';
import type { RunGraph } from '#core/lora/training/run-graph.ts';
import { rateAt } from '#core/lora/training/schedule.ts';
import { DivergedError, LoraTrainer, measureRows, type TrainingSettings } from '#core/lora/training/trainer.ts';

const embeddings: TokenEmbeddings = { hidden: 2, of: (id) => Float32Array.of(id, -id) };

/** A row of `length` tokens whose last `answers` are expected. */
function row(length: number, answers = 1, id = 1): TrainingRow {
  const ids = Array.from({ length }, () => id);
  const expected = Array.from({ length: answers }, (_, at) => ({ position: length - answers + at, id }));
  return { ids, mask: ids.map(() => 1), images: [], answers: expected };
}

/** Each token's loss is ½ (p₀ − its id)², so that p₀ goes to the mean of the ids. */
const squares: RunGraph = (feeds) => {
  const [parameter = NaN] = Array.from(feeds[TRAINING_INPUTS.parameters]?.data ?? [], Number);
  const scale = Number(feeds[TRAINING_INPUTS.scale]?.data[0]);
  const ids = Array.from(feeds[TRAINING_INPUTS.ids]?.data ?? [], Number);
  const loss = ids.reduce((sum, id) => sum + 0.5 * (parameter - id) ** 2, 0);
  const gradient = ids.reduce((sum, id) => sum + parameter - id, 0);
  return Promise.resolve(
    new Map<string, Float32Array | BigInt64Array>([
      [TRAINING_OUTPUTS.loss, Float32Array.of(loss * scale)],
      [TRAINING_OUTPUTS.predicted, BigInt64Array.from(ids, (id) => BigInt(Math.round(parameter) === id ? id : id + 1))],
      [TRAINING_OUTPUTS.gradients, Float32Array.of(gradient * scale)],
    ]),
  );
};

const settings: TrainingSettings = {
  ...{ steps: 100, rate: 0.2, warmupSteps: 5, final: 0.05, batchRows: 4, tokensAtOnce: 10, clip: 1, seed: 3 },
  ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 },
};
const rows = [1, 2, 3, 4, 5, 6].map((id) => row(4 + id, id, id));

describe('LoraTrainer', () => {
  it('averages over the tokens of the step, in however many runs', async () => {
    const results = [];
    for (const tokensAtOnce of [1, 12, 1000]) {
      const trainer = new LoraTrainer(squares, embeddings, rows, Float32Array.of(0), {
        ...settings,
        tokensAtOnce,
        batchRows: 6,
      });
      results.push([(await trainer.step()).loss, ...trainer.parameters]);
    }
    // Of 21 tokens.
    expect(results[0]?.[0]).toBeCloseTo(
      rows.reduce((sum, { answers: [first, ...rest] }) => sum + (rest.length + 1) * 0.5 * (first?.id ?? 0) ** 2, 0) /
        21,
      5,
    );
    for (const [loss = NaN, parameter = NaN] of results) {
      expect(loss).toBeCloseTo(results[0]?.[0] ?? NaN, 6);
      expect(parameter).toBeCloseTo(results[0]?.[1] ?? NaN, 6);
    }
  });

  it('finds the least loss, and says what it measured', async () => {
    const trainer = new LoraTrainer(squares, embeddings, rows.slice(0, 3), Float32Array.of(0), {
      ...settings,
      batchRows: 3,
    });
    for (let step = 0; step < 100; step++) await trainer.step();
    // The mean of the ids of all tokens: (1 + 4 + 9) / 6.
    expect(trainer.parameters[0]).toBeCloseTo(14 / 6, 1);
    const measure = await measureRows(squares, embeddings, trainer.parameters, rows.slice(0, 3), 10);
    expect(measure).toMatchObject({ tokens: 6, rows: 3, exact: 1 });
  });

  it('goes back to a checkpoint, and from there the same way again', async () => {
    const trainer = new LoraTrainer(squares, embeddings, rows, Float32Array.of(0), settings);
    for (let step = 0; step < 7; step++) await trainer.step();
    const kept = trainer.state();
    const first = [];
    for (let step = 0; step < 9; step++) first.push(await trainer.step());
    trainer.restore(kept);
    expect(trainer.steps).toBe(7);
    const second = [];
    for (let step = 0; step < 9; step++) second.push(await trainer.step());
    expect(second).toEqual(first);
  });

  it('says when the loss is no number any more, and changes nothing then', async () => {
    const broken: RunGraph = async (feeds) =>
      new Map([...(await squares(feeds)), [TRAINING_OUTPUTS.loss, Float32Array.of(NaN)]]);
    const trainer = new LoraTrainer(broken, embeddings, rows, Float32Array.of(0.5), settings);
    await expect(trainer.step()).rejects.toThrow(DivergedError);
    expect([trainer.steps, ...trainer.parameters]).toEqual([0, 0.5]);
  });

  it('stops between runs', async () => {
    const stop = new AbortController();
    const stopping: RunGraph = (feeds) => {
      stop.abort(new Error('stopped'));
      return squares(feeds);
    };
    const trainer = new LoraTrainer(stopping, embeddings, rows, Float32Array.of(0), settings);
    await expect(trainer.step(stop.signal)).rejects.toThrow('stopped');
    expect(trainer.steps).toBe(0);
  });
});

describe('AdamW', () => {
  it('moves by the rate in the first step, whatever the size of the gradient, and shrinks by weight decay', () => {
    const parameters = Float32Array.of(1, 1);
    new AdamW(2, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 }).step(
      parameters,
      Float32Array.of(1e-3, -7),
      0.01,
    );
    expect([...parameters].map((value) => value.toFixed(6))).toEqual(['0.989000', '1.009000']);
  });

  it('clips by the norm', () => {
    expect(clipFactor(4, 1)).toBeCloseTo(0.25, 6);
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(4, 0)).toBe(1);
  });
});

it('the rate rises, and falls to what is left of it', () => {
  const rates = [0, 4, 5, 100].map((step) => rateAt(step, settings));
  expect(rates.map((rate) => rate.toFixed(4))).toEqual(['0.0400', '0.2000', '0.2000', '0.0100']);
  expect(rateAt(3, { steps: 10, rate: 0.5, warmupSteps: 0, final: 1 })).toBe(0.5);
});

describe('batches', () => {
  it('takes every row once an epoch, in another order each time', () => {
    const order = new RowOrder(10, 5);
    const epochs = [0, 1, 2].map((epoch) => [0, 1].flatMap((half) => order.batch(2 * epoch + half, 5)));
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(new RowOrder(10, 5).batch(3, 5)).toEqual(order.batch(3, 5));
    expect(new RowOrder(3, 5).batch(0, 5)).toHaveLength(3);
  });

  it('parts hold rows of like length within the limit; a longer row is alone', () => {
    const parts = partsOf(
      [3, 9, 4, 20, 4].map((length) => row(length)),
      12,
    );
    expect(parts.map((part) => part.map(({ ids }) => ids.length))).toEqual([[20], [9], [4, 4, 3]]);
  });

  it('pads at the end, puts features over embeddings, and counts positions through', () => {
    const withImage: TrainingRow = {
      ...{ ids: [5, 0, 6], mask: [1, 2, 1], answers: [{ position: 2, id: 8 }] },
      images: [{ start: 1, features: Float32Array.of(0.5, 0.25) }],
    };
    const feeds = feedsOf([row(1, 1, 3), withImage], embeddings, 0.5);
    expect(feeds[TRAINING_INPUTS.embeds]).toMatchObject({
      dims: [2, 3, 2],
      data: Float32Array.of(3, -3, 0, 0, 0, 0, 5, -5, 0.5, 0.25, 6, -6),
    });
    expect(feeds[TRAINING_INPUTS.mask]?.data).toEqual(BigInt64Array.of(1n, 0n, 0n, 1n, 2n, 1n));
    expect(feeds[TRAINING_INPUTS.positions]?.data).toEqual(BigInt64Array.of(0n, 5n));
    expect(feeds[TRAINING_INPUTS.ids]?.data).toEqual(Int32Array.of(3, 8));
  });
});
