/** Plans and writes one ONNX file of a package and its external data. */
import { ExternalWriter, type GrowingFile, type GrowingFolder } from '../onnx/external-writer.ts';
import { placeExternally, type ExternalFile } from '../onnx/external.ts';
import { writeModel } from '../onnx/model.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { DTYPE_SUFFIX, type PackageGraph } from './package-graphs.ts';
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
  const external = placeExternally(graph.model, graph.weights.flatMap(initializersOf), modelFile);
  return { graph, modelFile, external, proto: writeModel(graph.model) };
}

/**
 * Writes the external data under `onnx/`.
 * @param onWrite called for every piece of bytes; an exception from it aborts the write
 * @param quantizer default: this thread
 * @throws SafetensorsError as `storeWeight`
 */
export async function writeGraph<File extends GrowingFile>(
  { graph, external }: PlannedGraph,
  tensors: ReadonlyMap<string, CheckpointTensor>,
  folder: GrowingFolder<File>,
  onWrite: (bytes: number) => void,
  quantizer?: RowQuantizer,
): Promise<void> {
  const writer = new ExternalWriter(folder, external, onWrite);
  for (const weight of graph.weights) {
    const tensor = tensors.get(weight.parameter);
    if (!tensor) throw new Error(`the graph asks for "${weight.parameter}", which no Gemma 3 checkpoint has`);
    await storeWeight(weight, tensor, writer, quantizer);
  }
  await writer.finish();
}
