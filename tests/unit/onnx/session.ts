/** Runs models in onnxruntime on the CPU. */
import * as ort from 'onnxruntime-node';
import { writeModel } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';

export type Feeds = Record<string, ort.Tensor>;

/** @param externalData contents of the files beside the model, by name */
export async function openModel(
  model: ModelProto,
  externalData: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<ort.InferenceSession> {
  return await ort.InferenceSession.create(writeModel(model), {
    logSeverityLevel: 3,
    // As written: what the optimizer would make of it is not what is tested.
    graphOptimizationLevel: 'disabled',
    externalData: [...externalData].map(([path, data]) => ({ path, data })),
  });
}

export async function runModel(
  model: ModelProto,
  feeds: Feeds,
  externalData?: ReadonlyMap<string, Uint8Array>,
): Promise<Record<string, ort.Tensor>> {
  const session = await openModel(model, externalData);
  const results = await session.run(feeds);
  await session.release();
  return results;
}

export function floats(tensor: ort.Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('expected a float32 tensor');
  return tensor.data;
}

export function floatTensor(values: Float32Array | number[], dims: number[]): ort.Tensor {
  return new ort.Tensor('float32', Float32Array.from(values), dims);
}

export function int64Tensor(values: readonly number[], dims: number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

export function int32Tensor(values: readonly number[], dims: number[]): ort.Tensor {
  return new ort.Tensor('int32', Int32Array.from(values), dims);
}
