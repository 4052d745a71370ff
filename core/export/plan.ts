/** What an export writes, known before the first weight is read. */
import { linkedFiles, type LinkedFiles } from '../gemma3/linked-files.ts';
import { smallFiles, type SmallFiles } from '../gemma3/package-files.ts';
import { packageGraphs, type GraphOptions, type PackageGraph } from '../gemma3/package-graphs.ts';
import { planGraph, writtenBytes, type PlannedGraph } from '../gemma3/write-graph.ts';
import { TensorTooLargeError } from '../onnx/external.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ExportError } from './error.ts';

export interface PlanOptions extends Omit<GraphOptions, 'positions'> {
  /** Longest context of the package in tokens; limited to `max_position_embeddings` of the model. */
  context: number;
}

export interface PlannedPackage {
  checkpoint: Checkpoint;
  options: PlanOptions;
  positions: number;
  /** In the order in which they are written. */
  graphs: PlannedGraph[];
  links: LinkedFiles;
  /** The other files but manifest.json. */
  small: SmallFiles;
  /** Of external data, and of all other files but manifest.json. */
  externalBytes: number;
  otherBytes: number;
  /** What a person should know although a package can be made. */
  warnings: string[];
}

const MAX_LISTED_KEYS = 8;

/** @throws ExportError, CheckpointError: each names the file */
export async function planPackage(checkpoint: Checkpoint, options: PlanOptions): Promise<PlannedPackage> {
  const positions = Math.min(options.context, checkpoint.config.text.maxPositions);
  const graphs = packageGraphs(checkpoint.config, { ...options, positions }).map(plan);
  const small = await smallFiles(checkpoint, checkpoint.files, {
    // Of several variants the first.
    dtype: Object.fromEntries(graphs.toReversed().map(({ graph }) => [graph.name, graph.dtype])),
    externalData: Object.fromEntries(graphs.map(({ modelFile, external }) => [modelFile, external.length])),
    positions,
  });
  const links = linkedFiles(graphs);
  const { unusedKeys, files } = checkpoint;
  return {
    ...{ checkpoint, options, positions, graphs, links, small },
    externalBytes: writtenBytes(graphs, links),
    otherBytes: sum([
      ...graphs.map(({ proto }) => proto.byteLength),
      ...[...small.files.values()].map((content) => bytesOf(content).byteLength),
    ]),
    warnings: [
      ...(unusedKeys.length > 0 ? [`tensors that no graph uses are left out: ${listed(unusedKeys)}`] : []),
      ...(small.missing.length > 0
        ? [
            `${files.folder} has no ${small.missing.join(' and no ')}: the package has no complete tokenizer, add one before use`,
          ]
        : []),
    ],
  };
}

/** Bytes of a small file. */
export function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

/** Weights that are quantized, each as often as it is written. */
export function quantizedWeights({ graphs, links }: Pick<PlannedPackage, 'graphs' | 'links'>): number {
  let weights = 0;
  for (const { graph, external } of graphs) {
    const written = new Set(
      external.filter(({ name }) => !links.has(name)).flatMap(({ places }) => places.map(({ name }) => name)),
    );
    for (const weight of graph.weights)
      if (weight.store === 'blocks' && written.has(weight.packed)) weights += weight.rows * weight.columns;
  }
  return weights;
}

function plan(graph: PackageGraph): PlannedGraph {
  try {
    return planGraph(graph);
  } catch (error) {
    if (!(error instanceof TensorTooLargeError)) throw error;
    throw new ExportError(`${error.modelFile}: ${error.message}; export with a smaller --dtype`, { cause: error });
  }
}

/** A text-only export of a multimodal checkpoint leaves hundreds out: their number, and the first. */
function listed(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_LISTED_KEYS).join(', ');
  return keys.length > MAX_LISTED_KEYS ? `${shown} and ${keys.length - MAX_LISTED_KEYS} more` : shown;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
