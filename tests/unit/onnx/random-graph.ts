/** Random small graphs over vectors, and what they compute. */
import fc from 'fast-check';
import { GraphBuilder, makeModel, bytesOf, type Value } from '#core/onnx/builder.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';

export const LENGTH = 5;

interface Step {
  op: 'Add' | 'Sub' | 'Max' | 'Neg' | 'Abs' | 'Scale' | 'Bias' | 'If';
  /** Choose among the values made so far. */
  a: number;
  b: number;
  constant: number;
  /** Bodies of an If. */
  then: Step[];
  else: Step[];
}

export interface RandomGraph {
  steps: Step[];
  x: number[];
  flag: boolean;
}

const value = fc.float({ min: -8, max: 8, noNaN: true });
const flat = fc.record({
  op: fc.constantFrom('Add', 'Sub', 'Max', 'Neg', 'Abs', 'Scale', 'Bias'),
  a: fc.nat(99),
  b: fc.nat(99),
  constant: fc.float({ min: -2, max: 2, noNaN: true }),
  then: fc.constant<Step[]>([]),
  else: fc.constant<Step[]>([]),
}) satisfies fc.Arbitrary<Step>;
const body = fc.array(flat, { minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: flat },
  { weight: 1, arbitrary: fc.record({ ...recordOf(), then: body, else: body }) },
);

function recordOf() {
  return {
    op: fc.constant<'If'>('If'),
    a: fc.nat(99),
    b: fc.nat(99),
    constant: fc.float({ min: -2, max: 2, noNaN: true }),
  };
}

/** Inputs x float32 [5] and flag bool []; output y float32 [5]. */
export const randomGraph: fc.Arbitrary<RandomGraph> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
  x: fc.array(value, { minLength: LENGTH, maxLength: LENGTH }),
  flag: fc.boolean(),
});

export function buildRandom(random: RandomGraph): ModelProto {
  const graph = new GraphBuilder('random');
  const x = graph.input('x', 'float32', [LENGTH]);
  graph.input('flag', 'bool', []);
  const last = addSteps(graph, random.steps, [x], '').at(-1) ?? x;
  graph.node('Identity', [last], { name: 'result', outputs: ['y'] });
  graph.output('y', 'float32', [LENGTH]);
  return makeModel(graph.build(), 'test');
}

const NODE_OPS = { Add: 'Add', Sub: 'Sub', Max: 'Max', Neg: 'Neg', Abs: 'Abs', Scale: 'Mul', Bias: 'Add' } as const;

/** Returns all values, `before` included. */
function addSteps(graph: GraphBuilder, steps: readonly Step[], before: readonly Value[], path: string): Value[] {
  const values = [...before];
  steps.forEach(({ op, a, b, constant, ...bodies }, i) => {
    const name = `${path}${i}`;
    const [left, right] = [values[a % values.length] ?? '', values[b % values.length] ?? ''];
    if (op === 'If') {
      const branch = (kind: 'then' | 'else') => {
        const inner = graph.body(kind, `${name}/${kind}/`);
        const made = addSteps(inner, bodies[kind], values, '');
        inner.output(made.at(-1) ?? '', 'float32', [LENGTH]);
        return { graph: inner.build() };
      };
      const attributes = { then_branch: branch('then'), else_branch: branch('else') };
      values.push(graph.node('If', ['flag'], { name, attributes }));
      return;
    }
    const inputs = {
      Add: () => [left, right],
      Sub: () => [left, right],
      Max: () => [left, right],
      Neg: () => [left],
      Abs: () => [left],
      Scale: () => [left, graph.float(constant)],
      Bias: () => {
        const name = `bias/${constant}`;
        return [left, graph.constant(name, 'float32', [LENGTH], bytesOf(new Float32Array(LENGTH).fill(constant)))];
      },
    }[op]();
    values.push(graph.node(NODE_OPS[op], inputs, { name }));
  });
  return values;
}

/** The same in float32 arithmetic; each of these operators is exactly rounded. */
export function evaluateRandom({ steps, x, flag }: RandomGraph): number[] {
  return evaluate(steps, [x.map(Math.fround)], flag).at(-1) ?? [];
}

function evaluate(steps: readonly Step[], before: readonly number[][], flag: boolean): number[][] {
  const values = [...before];
  for (const { op, a, b, constant, ...bodies } of steps) {
    const [left, right] = [values[a % values.length] ?? [], values[b % values.length] ?? []];
    const each = (compute: (l: number, r: number) => number) =>
      left.map((l, i) => Math.fround(compute(l, right[i] ?? NaN)));
    values.push(
      {
        Add: () => each((l, r) => l + r),
        Sub: () => each((l, r) => l - r),
        Max: () => each((l, r) => Math.max(l, r)),
        Neg: () => each((l) => -l),
        Abs: () => each((l) => Math.abs(l)),
        Scale: () => each((l) => l * Math.fround(constant)),
        Bias: () => each((l) => l + Math.fround(constant)),
        If: () => evaluate(flag ? bodies.then : bodies.else, values, flag).at(-1) ?? [],
      }[op](),
    );
  }
  return values;
}
