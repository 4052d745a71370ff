/** Writes the files of a planned package, in an order that never changes, so that a broken-off export can continue. */
import type { CheckpointTensor } from '../gemma3/checkpoint.ts';
import { HalfOverflowError, type RowQuantizer } from '../gemma3/store-weight.ts';
import { writeGraph } from '../gemma3/write-graph.ts';
import type { GrowingFile, GrowingFolder } from '../onnx/external-writer.ts';
import { ExportError } from './error.ts';
import type { PlannedPackage } from './plan.ts';

export interface PackageWriter<File extends GrowingFile> extends GrowingFolder<File> {
  /** A whole file. */
  writeFile(path: string, content: Uint8Array | string): Promise<void>;
}

/**
 * Reads every weight and writes every file but manifest.json.
 * @param onWrite called with the bytes of every piece of external data; an exception from it ends the export
 * @param quantizer default: this thread
 * @param onOrder called before each graph with the tensors in the order in which they will be read
 * @throws ExportError, SafetensorsError that name file and tensor; what `folder` throws
 */
export async function writePackage<File extends GrowingFile>(
  { checkpoint, graphs, links, small }: PlannedPackage,
  folder: PackageWriter<File>,
  onWrite: (bytes: number) => void,
  quantizer?: RowQuantizer,
  onOrder?: (tensors: readonly CheckpointTensor[]) => void,
): Promise<void> {
  const write = async (path: string, content: Uint8Array | string) => {
    if (!folder.isFinished?.(path)) await folder.writeFile(path, content);
  };
  for (const graph of graphs) {
    await write(`onnx/${graph.modelFile}`, graph.proto);
    try {
      await writeGraph(graph, checkpoint.tensors, folder, links, onWrite, quantizer, onOrder);
    } catch (error) {
      if (!(error instanceof HalfOverflowError)) throw error;
      throw new ExportError(`${error.message}; export with --dtype fp32, q8 or q4`, { cause: error });
    }
  }
  for (const [path, content] of small.files) await write(path, content);
}
