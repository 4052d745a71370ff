/** Describes how an export changes a checkpoint, as sentences for the manifest. */
import type { QuantSettings } from '../quant/settings.ts';
import type { Gemma3Config } from './config.ts';
import type { GraphFile, StoredWeight } from './stored.ts';

export function changesOf(config: Gemma3Config, graphs: readonly GraphFile[], positions: number): string[] {
  // Variants that store the same are told once.
  const changes = [...new Set([...graphs.map(describe), ...graphs.flatMap(describePadding)])];
  changes.push('Weights of RMS norms are stored as 1 + w.');
  changes.push(
    'attention_mask is extended: 1 is a text token, 2, 3, … number the images, whose tokens attend to each other in both directions.',
  );
  if (positions < config.text.maxPositions) {
    changes.push(
      `The position tables end at ${positions} tokens, the checkpoint's at ${config.text.maxPositions}; max_position_embeddings in config.json says so.`,
    );
  }
  return changes;
}

/** Parameters of a graph and their formats, e.g. "embed_tokens: 1 parameter in fp16." */
function describe(graph: GraphFile): string {
  const counts = new Map<string, number>();
  for (const weight of graph.weights) {
    const form = formOf(weight);
    counts.set(form, (counts.get(form) ?? 0) + 1);
  }
  const parts = [...counts].map(([form, count]) => `${count} parameter${count === 1 ? '' : 's'} ${form}`);
  return `${graph.name}: ${parts.join('; ')}.`;
}

function formOf(weight: StoredWeight): string {
  if (weight.store === 'blocks') {
    const { bits, blockSize, scaleType, method, zeroPoints } = weight;
    const symmetry = zeroPoints === undefined ? 'symmetric' : 'with zero points';
    const scales = `${method === 'search' ? 'searched ' : ''}${scaleType} scales`;
    return `in ${bits} bits, ${symmetry}, block ${blockSize}, ${scales}`;
  }
  return weight.rounded
    ? `in ${weight.type} that hold ${describeSettings(weight.rounded.settings)}`
    : `in ${weight.type}`;
}

function describeSettings({ format, symmetric, blockSize, method }: QuantSettings): string {
  if (format === 'fp16') return 'fp16 values';
  const symmetry = format === 'nf4' ? '' : symmetric ? ', symmetric' : ', with zero points';
  return `${format} values${symmetry}, block ${blockSize}${method === 'search' ? ', searched scales' : ''}`;
}

/** Lists the zero-padded parameters of a graph: at most one sentence. */
function describePadding(graph: GraphFile): string[] {
  const modules = new Set<string>();
  const sizes = new Set<string>();
  for (const weight of graph.weights) {
    shapeOf(weight).forEach((size, axis) => {
      const own = weight.parameterShape[axis];
      if (own === size) return;
      modules.add(weight.parameter.replace(/^.*\.layers\.\d+\./, ''));
      sizes.add(`from ${own} to ${size}`);
    });
  }
  if (modules.size === 0) return [];
  return [
    `${graph.name}: zeros fill up ${[...modules].join(', ')} of every layer ${[...sizes].join(', ')}, a multiple of the block; they change no result.`,
  ];
}

function shapeOf(weight: StoredWeight): number[] {
  return weight.store === 'float' ? weight.shape : [weight.rows, weight.columns];
}
