/** Plans and writes one ONNX file of a package and its external data. */
import { ExternalWriter, type GrowingFile, type GrowingFolder } from '../onnx/external-writer.ts';
import { placeExternally, type ExternalFile } from '../onnx/external.ts';
import { writeModel } from '../onnx/model.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import type { LinkedFiles } from './linked-files.ts';
import { DTYPE_SUFFIX, type PackageGraph } from './package-graphs.ts';
import type { StoredWeight } from './stored.ts';
import { initializersOf, storeWeight, type RowQuantizer } from './store-weight.ts';

export interface PlannedGraph<Graph extends PackageGraph = PackageGraph> {
  graph: Graph;
  /** File name, e.g. `decoder_model_merged_q4.onnx`. */
  modelFile: string;
  /** Serialized model with the locations of its external data. */
  proto: Uint8Array;
  external: ExternalFile[];
}

/** Assigns external data locations to all weights. @throws TensorTooLargeError */
export function planGraph<Graph extends PackageGraph>(graph: Graph): PlannedGraph<Graph> {
  const modelFile = `${graph.name}${DTYPE_SUFFIX[graph.dtype]}.onnx`;
  // In a file of its own the table of embedding and head is the file of the embedding graph.
  const table = graph.weights.filter(({ parameter }) => parameter === 'model.embed_tokens.weight');
  const external = placeExternally(graph.model, graph.weights.flatMap(initializersOf), modelFile, {
    apart: new Set(table.flatMap(initializersOf).map(({ name }) => name)),
  });
  return { graph, modelFile, external, proto: writeModel(graph.model) };
}

/**
 * Writes the external data under `onnx/`.
 * @param links files that become a second name of a file written earlier
 * @param onWrite called for every piece of bytes; an exception from it aborts the write
 * @param quantizer default: this thread
 * @param onOrder called with the tensors in the order in which they will be read
 * @throws SafetensorsError as `storeWeight`
 */
export async function writeGraph<File extends GrowingFile>(
  { graph, external }: PlannedGraph,
  tensors: ReadonlyMap<string, CheckpointTensor>,
  folder: GrowingFolder<File>,
  links: LinkedFiles,
  onWrite: (bytes: number) => void,
  quantizer?: RowQuantizer,
  onOrder?: (tensors: readonly CheckpointTensor[]) => void,
): Promise<void> {
  const written = external.filter(({ name }) => !links.has(name));
  const writer = new ExternalWriter(folder, written, onWrite);
  const names = await writer.resume();
  const order = graph.weights
    .filter((weight) => initializersOf(weight).some(({ name }) => names.has(name)))
    .map((weight) => ({ weight, tensor: tensorOf(weight, tensors) }));
  onOrder?.(order.map(({ tensor }) => tensor));
  for (const { weight, tensor } of order) {
    await storeWeight(weight, tensor, writer, quantizer);
    await folder.weightWritten?.();
  }
  await writer.finish();
  for (const { name } of external) {
    const existing = links.get(name);
    if (existing !== undefined) await folder.linkFile(`onnx/${name}`, `onnx/${existing}`);
  }
}

function tensorOf({ parameter }: StoredWeight, tensors: ReadonlyMap<string, CheckpointTensor>): CheckpointTensor {
  const tensor = tensors.get(parameter);
  if (!tensor) throw new Error(`the graph asks for "${parameter}", which no Gemma 3 checkpoint has`);
  return tensor;
}

/** Bytes of external data on the disk. */
export function writtenBytes(graphs: readonly PlannedGraph[], links: LinkedFiles): number {
  const files = graphs.flatMap(({ external }) => external);
  return files.reduce((sum, { name, size }) => sum + (links.has(name) ? 0 : size), 0);
}
