/**
 * One run of the training graph (core/gemma3/training-graph.ts) in numbers: multiply-adds, and the float32 values that the forward pass keeps
 * for the backward pass. Exact from shapes: tests/unit/budget/lora-step.test.ts counts both in the graph itself.
 */
import type { TextConfig } from '../gemma3/config.ts';
import type { Projection } from '../gemma3/projections.ts';
import { named, product, sum, type Expression, type Term } from './expression.ts';
import { textNames } from './model-weights.ts';

/** Rows that go through the graph together. */
export interface RunShape {
  rows: number;
  /** Tokens of the longest row, to which the others are padded; with its image. */
  sequence: number;
  /** Tokens of all answers of the rows, end tokens included. */
  answers: number;
}

export interface TrainedPairs {
  rank: number;
  /** At least one. */
  targets: readonly Projection[];
}

/** Multiply-adds of matrix products. */
export interface MultiplyAdds {
  forward: Expression;
  backward: Expression;
}

/** Float32 numbers that stay in memory between the passes. */
export interface KeptValues {
  /** Inputs of norms, products and activations. */
  activations: Expression;
  /** Of attention: a number for each query head and pair of tokens. */
  probabilities: Expression;
  /** With their logarithmic sums. */
  logits: Expression;
  /** A and B, which the graph cuts out of the vector of all. */
  pairs: Expression;
}

export interface LoraStep {
  multiplyAdds: MultiplyAdds;
  kept: KeptValues;
}

/** @param text at least one layer */
export function loraStep(text: TextConfig, pairs: TrainedPairs, run: RunShape): LoraStep {
  const { hidden, rows: vocabulary } = textNames(text);
  const answers = named('answers', run.answers);
  const layers = layerKinds(text.layers).map(({ count, ...place }) => ({
    count,
    ...layerStep(text, pairs, run, place),
  }));
  const ofAll = (part: keyof LayerStep) =>
    layers.flatMap(({ count, [part]: terms }) => (terms.length > 0 ? [product(count, sum(...terms))] : []));
  const head = product(answers, hidden, vocabulary);
  return {
    multiplyAdds: {
      forward: sum(...ofAll('forward'), head),
      backward: sum(...ofAll('backward'), head),
    },
    kept: {
      // The last norm reads the residual of the answers' positions.
      activations: sum(...ofAll('activations'), product(answers, hidden)),
      probabilities: sum(...ofAll('probabilities')),
      logits: product(answers, sum(vocabulary, 1)),
      pairs: sum(...ofAll('matrices')),
    },
  };
}

interface LayerPlace {
  /** Nothing that trains is before it. */
  isFirst: boolean;
  /** Behind its attention only the positions of answers go on. */
  isLast: boolean;
}

function layerKinds(layers: number): (LayerPlace & { count: Term })[] {
  if (layers === 1) return [{ count: 1, isFirst: true, isLast: true }];
  const middle = { count: named('layers−2', layers - 2), isFirst: false, isLast: false };
  return [
    { count: 1, isFirst: true, isLast: false },
    ...(layers > 2 ? [middle] : []),
    { count: 1, isFirst: false, isLast: true },
  ];
}

/** What has something trained before it, so that its gradient is computed. */
export function trainedValues({ targets }: Pick<TrainedPairs, 'targets'>, isFirst: boolean) {
  const input = !isFirst;
  const trains = (target: Projection) => input || targets.includes(target);
  const [q, k, v] = [trains('q_proj'), trains('k_proj'), trains('v_proj')];
  const attended = q || k || v;
  const middle = input || attended || targets.includes('o_proj');
  const gate = middle || targets.includes('gate_proj');
  const up = middle || targets.includes('up_proj');
  return { input, q, k, v, attended, middle, gate, up, gated: gate || up };
}

/** Terms of a layer. */
interface LayerStep {
  forward: Expression[];
  backward: Expression[];
  activations: Expression[];
  probabilities: Expression[];
  /** Numbers of A and B that the backward pass reads. */
  matrices: Expression[];
}

function layerStep(text: TextConfig, { rank, targets }: TrainedPairs, run: RunShape, place: LayerPlace): LayerStep {
  const { hidden, mlp, heads, kvHeads, headDim } = textNames(text);
  const rows = named('rows', run.rows);
  const sequence = named('sequence', run.sequence);
  const tokens = [rows, sequence] as const;
  const behind = place.isLast ? ([named('answers', run.answers)] as const) : tokens;
  const r = named('rank', rank);
  const queries = product(heads, headDim);
  const keys = product(kvHeads, headDim);
  const trains = trainedValues({ targets }, place.isFirst);
  const adapts = (target: Projection) => targets.includes(target);
  const where = (needed: boolean, ...terms: Expression[]) => (needed ? terms : []);

  // Inputs, outputs, tokens, and whether something that trains is before the product.
  const projections: [Projection, Expression, Expression, readonly Expression[], boolean][] = [
    ['q_proj', hidden, queries, tokens, trains.input],
    ['k_proj', hidden, keys, tokens, trains.input],
    ['v_proj', hidden, keys, tokens, trains.input],
    ['o_proj', queries, hidden, behind, trains.attended],
    ['gate_proj', hidden, mlp, behind, trains.middle],
    ['up_proj', hidden, mlp, behind, trains.middle],
    ['down_proj', mlp, hidden, behind, trains.gated],
  ];
  const score = product(rows, heads, sequence, sequence, headDim);
  const forward: Expression[] = [score, score];
  // Of values, of probabilities, of queries and of keys.
  const backward: Expression[] = [trains.v, trains.q || trains.k, trains.q, trains.k].flatMap((each) =>
    where(each, score),
  );
  const lows: Expression[] = [];
  const matrices: Expression[] = [];
  for (const [target, inputs, outputs, of, isBehind] of projections) {
    forward.push(product(...of, inputs, outputs));
    backward.push(...where(isBehind, product(...of, inputs, outputs)));
    if (!adapts(target)) continue;
    forward.push(product(...of, r, sum(inputs, outputs)));
    // Of Ax and of B; of A; of x.
    backward.push(product(...of, r, sum(product(2, outputs), inputs)), ...where(isBehind, product(...of, r, inputs)));
    lows.push(product(...of, r));
    matrices.push(product(r, isBehind ? sum(inputs, outputs) : outputs));
  }
  const activations = [
    ...lows,
    // The layer's input, which its first norm reads, and what comes out of it.
    ...where(trains.input, product(...tokens, hidden)),
    ...where(adapts('q_proj') || adapts('k_proj') || adapts('v_proj'), product(...tokens, hidden)),
    // Before the norms of q and k; values; keys behind the rotation; queries by heads.
    ...where(trains.q, product(...tokens, queries)),
    ...where(trains.k, product(...tokens, keys)),
    ...where(trains.q || trains.k, product(...tokens, keys)),
    ...where(trains.q, product(...tokens, keys)),
    ...where(trains.k, product(...tokens, queries)),
    // What is attended: of all tokens where rows are chosen from it, and as the input of a trained o_proj.
    ...where(place.isLast ? trains.attended : adapts('o_proj'), product(...tokens, queries)),
    ...where(place.isLast && adapts('o_proj'), product(...behind, queries)),
    // Inputs of the three norms behind attention, and what a trained gate_proj or up_proj reads.
    ...where(trains.attended || adapts('o_proj'), product(...behind, hidden)),
    ...where(trains.middle, product(...behind, hidden)),
    ...where(adapts('gate_proj') || adapts('up_proj'), product(...behind, hidden)),
    product(...behind, hidden),
    // gelu(gate); gate and up; their product.
    ...where(trains.gated, product(...behind, mlp)),
    ...where(trains.gate, product(2, ...behind, mlp)),
    ...where(adapts('down_proj'), product(...behind, mlp)),
  ];
  const probabilities = where(trains.attended, product(rows, heads, sequence, sequence));
  return { forward, backward, activations, probabilities, matrices };
}
