/** How many bytes of weights a graph has, and how many of them were read. */
import { externalLocation, mainGraph } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import type { SharedInput } from '#core/onnx/patch/share-initializers.ts';

export function externalBytes(model: ModelProto): number {
  return mainGraph(model).initializer.reduce((sum, tensor) => sum + (externalLocation(tensor)?.length ?? 0), 0);
}

/** Bytes of all initializers, those in the graph too. */
export function initializerBytes(model: ModelProto): number {
  return mainGraph(model).initializer.reduce((sum, { rawData }) => sum + rawData.length, externalBytes(model));
}

export function sharedBytes(shared: readonly SharedInput[]): number {
  return shared.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Adds up the bytes of weights read. */
export function readProgress(
  totalBytes: number,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): (bytes: number) => void {
  let doneBytes = 0;
  return (bytes) => {
    doneBytes = Math.min(doneBytes + bytes, totalBytes);
    onProgress(doneBytes, totalBytes);
  };
}
