/** Compares the backward nodes of an operator with differences of its forward nodes. */
import { expect } from 'vitest';
import { Random } from '#core/sampling/random.ts';
import { GraphBuilder, makeModel, type Value } from '#core/onnx/builder.ts';
import { Tape, type Variable } from '#core/onnx/gradients/tape.ts';
import { floats, floatTensor, openModel, type Feeds } from '../session.ts';

export interface Input {
  dims: number[];
  values: Float32Array;
  /** Its gradient is checked. */
  trains: boolean;
}

/** Uniform in −most … most. */
export function random(seed: number, dims: number[], { most = 1, trains = true } = {}): Input {
  const draw = Random.fromSeed(seed);
  const values = Float32Array.from({ length: size(dims) }, () => most * (2 * draw.uniform() - 1));
  return { dims, values, trains };
}

const size = (dims: readonly number[]) => dims.reduce((product, each) => product * each, 1);

/** Far below the error of a wrong factor or a missing term, far above that of float32. */
const TOLERANCE = 5e-3;

/**
 * For each trained input: dy · (f(x + hv) − f(x − hv)) / 2h against the backward nodes' dx · v, for random dy and v.
 * @param build the operator; inputs of the graph have the names of `inputs`
 * @param feeds of inputs that `build` adds itself
 */
export async function checkGradients<Name extends string>(
  inputs: Record<Name, Input>,
  outputDims: number[],
  build: (tape: Tape, variables: Record<Name, Variable>) => Variable,
  feeds: Feeds = {},
): Promise<void> {
  const names = Object.keys(inputs).filter((name): name is Name => name in inputs);
  const graph = new GraphBuilder('operator');
  const tape = new Tape(graph);
  const dy = graph.input('dy', 'float32', outputDims);
  const entries = names.map((name): [Name, Variable] => {
    const value: Value = graph.input(name, 'float32', inputs[name].dims);
    return [name, inputs[name].trains ? tape.trained(value) : tape.frozen(value)];
  });
  const variables = Object.assign({}, ...entries.map(([name, variable]) => ({ [name]: variable })));
  const result = build(tape, variables);
  tape.backward(result, dy);
  graph.node('Identity', [result.value], { name: 'y', outputs: ['y'] });
  graph.output('y', 'float32', outputDims);
  for (const [name, variable] of entries) {
    if (!variable.trains) continue;
    graph.node('Identity', [tape.gradientOf(variable)], { name: `d/${name}`, outputs: [`d/${name}`] });
    graph.output(`d/${name}`, 'float32', inputs[name].dims);
  }
  const session = await openModel(makeModel(graph.build(), 'test'));
  const gradient = random(99, outputDims);
  const run = async (changed: Partial<Record<Name, Float32Array>>) =>
    session.run({
      ...feeds,
      dy: floatTensor(gradient.values, outputDims),
      ...Object.fromEntries(
        names.map((name) => [name, floatTensor(changed[name] ?? inputs[name].values, inputs[name].dims)]),
      ),
    });
  const results = await run({});
  for (const name of names.filter((each) => inputs[each].trains)) {
    const { values, dims } = inputs[name];
    const direction = random(7, dims).values;
    const h = 2 ** -7;
    const moved = (by: number) => values.map((value, i) => value + by * (direction[i] ?? NaN));
    const ahead = floats((await run(partial(name, moved(h))))['y']);
    const behind = floats((await run(partial(name, moved(-h))))['y']);
    const difference = ahead.map((value, i) => (value - (behind[i] ?? NaN)) / (2 * h));
    const computed = floats(results[`d/${name}`]);
    const scale = norm(computed) * norm(direction);
    expect(scale).toBeGreaterThan(0);
    expect(Math.abs(dot(gradient.values, difference) - dot(computed, direction)) / scale, name).toBeLessThan(TOLERANCE);
  }
  await session.release();
}

function partial<Name extends string>(name: Name, values: Float32Array): Partial<Record<Name, Float32Array>> {
  const changed: Partial<Record<Name, Float32Array>> = {};
  changed[name] = values;
  return changed;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
}

const norm = (values: Float32Array) => Math.sqrt(dot(values, values));
