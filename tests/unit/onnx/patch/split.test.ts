/** Stages run one after the other give what the whole graph gives. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { externalFiles, mainGraph } from '#core/onnx/model.ts';
import { splitStages } from '#core/onnx/patch/split.ts';
import { maxDifference, type Golden } from '../../../reference/golden.ts';
import { exportFixture, golden, temporaryFolder } from '../../../reference/node.ts';
import { buildRandom, LENGTH, randomGraph } from '../random-graph.ts';
import { floats, floatTensor, runModel } from '../session.ts';
import { graphFile } from './fixture.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
let reference: Golden;
beforeAll(async () => {
  reference = await golden();
  await exportFixture(folder.path, 'fp32');
});
afterAll(() => folder.remove());

describe("the fixture's vision encoder", () => {
  const vision = () => graphFile(folder.path, 'vision_encoder.onnx');

  test.each([1, 2, 3, 5, 1000])('in at most %i stages', async (count) => {
    const { model, external } = vision();
    const stages = splitStages(model, count);
    expect(stages.length).toBeLessThanOrEqual(count);
    // Three layers, each with two places where the residual stream alone is live, and the parts around them.
    expect(stages.length).toBeGreaterThanOrEqual(Math.min(count, 5));
    expect(stages.flatMap((stage) => mainGraph(stage.model).node)).toEqual(mainGraph(model).node);
    const { data, shape } = reference.tensor('pixel_values');
    let values = floatTensor(data, shape);
    for (const { model: stage, input, output } of stages) {
      const needed = new Map([...external].filter(([name]) => externalFiles(stage).includes(name)));
      const result = (await runModel(stage, { [input]: values }, needed))[output];
      values = floatTensor(floats(result), [...(result?.dims ?? [])]);
    }
    expect(stages.at(-1)?.output).toBe('image_features');
    expect(maxDifference(floats(values), reference.tensor('image_features').data)).toBeLessThan(1e-3);
  });

  test('each initializer goes with its readers', () => {
    const { model } = vision();
    const stages = splitStages(model, 3).map(({ model: stage }) => mainGraph(stage).initializer);
    const names = stages.map((list) => list.map(({ name }) => name).filter((name) => !name.startsWith('const/')));
    const all = names.flat();
    expect(new Set(all).size).toBe(all.length);
    expect(all.sort()).toEqual(
      mainGraph(model)
        .initializer.map(({ name }) => name)
        .filter((name) => !name.startsWith('const/'))
        .sort(),
    );
  });
});

/** The random graph with its flag fixed, so that it has one input. */
function withoutFlag(model: ModelProto, flag: boolean): ModelProto {
  const graph = mainGraph(model);
  graph.input = graph.input.filter(({ name }) => name !== 'flag');
  const constant = new GraphBuilder('c');
  constant.constant('flag', 'bool', [], Uint8Array.of(flag ? 1 : 0));
  graph.initializer.push(...constant.build().initializer);
  return model;
}

test('random graphs, with If nodes whose bodies read values from before', async () => {
  let cuts = 0;
  let nested = 0;
  await fc.assert(
    fc.asyncProperty(randomGraph, fc.integer({ min: 1, max: 6 }), async (random, count) => {
      const model = withoutFlag(buildRandom(random), random.flag);
      const x = floatTensor(random.x, [LENGTH]);
      const { y } = await runModel(model, { x });
      const stages = splitStages(model, count);
      cuts += stages.length - 1;
      if (stages.length > 1 && random.steps.some(({ op }) => op === 'If')) nested++;
      let values = x;
      for (const { model: stage, input, output } of stages) {
        const result = (await runModel(stage, { [input]: values }))[output];
        values = floatTensor(floats(result), [LENGTH]);
      }
      expect(floats(values)).toEqual(floats(y));
    }),
    { numRuns: 60 },
  );
  // Otherwise nothing was tried.
  expect(cuts).toBeGreaterThan(20);
  expect(nested).toBeGreaterThan(2);
});

test('a graph of two inputs stays whole', () => {
  const graph = new GraphBuilder('g');
  const sum = graph.node('Add', [graph.input('a', 'float32', [1]), graph.input('b', 'float32', [1])], { name: 'add' });
  graph.node('Neg', [sum], { name: 'neg', outputs: ['y'] });
  graph.output('y', 'float32', [1]);
  const model = makeModel(graph.build(), 'test');
  expect(splitStages(model, 2)).toEqual([{ model, input: 'a', output: 'y' }]);
});
