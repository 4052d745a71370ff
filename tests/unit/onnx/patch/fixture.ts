/** Exported graphs of the fixture, each time fresh, to be patched and run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { externalFiles, mainGraph, readModel } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { widenedRange, widenScales } from '#core/onnx/patch/widen-scales.ts';
import { WidenedBlob } from '../../../../workers/engine/model/widened-blob.ts';
import { floatTensor, int64Tensor, type Feeds } from '../session.ts';

export interface GraphFile {
  model: ModelProto;
  /** Contents of the external files, by name. */
  external: Map<string, Uint8Array>;
}

export function graphFile(folder: string, modelFile: string): GraphFile {
  const onnx = join(folder, 'onnx');
  const data = readdirSync(onnx).filter((name) => name.startsWith(`${modelFile}_data`));
  return {
    model: readModel(readFileSync(join(onnx, modelFile))),
    external: new Map(data.map((name) => [name, new Uint8Array(readFileSync(join(onnx, name)))])),
  };
}

/** As `graphFile`, with the float16 scales declared and read as float32: what the engine makes of a graph on a GPU. */
export async function widenedGraphFile(folder: string, modelFile: string): Promise<GraphFile> {
  const { model, external } = graphFile(folder, modelFile);
  widenScales(model);
  return { model, external: await widened(model, external) };
}

/** The files that the graph names, its widened ones as the engine reads them. */
export async function widened(
  model: ModelProto,
  external: ReadonlyMap<string, Uint8Array>,
): Promise<Map<string, Uint8Array>> {
  const files = new Map(external);
  for (const name of externalFiles(model)) {
    const range = widenedRange(name);
    if (!range) continue;
    const { file, offset, length } = range;
    const halves = new Uint8Array(external.get(file)?.subarray(offset, offset + length) ?? []);
    files.set(name, new Uint8Array(await new WidenedBlob(new Blob([halves])).arrayBuffer()));
  }
  return files;
}

/** Inputs of the fixture's decoder for a first chunk; `keep` undefined leaves out num_logits_to_keep. */
export function decoderFeeds(
  model: ModelProto,
  embeddings: Float32Array,
  mask: readonly number[],
  keep?: number,
): Feeds {
  const feeds: Feeds = {
    inputs_embeds: floatTensor(embeddings, [1, mask.length, embeddings.length / mask.length]),
    attention_mask: int64Tensor(mask, [1, mask.length]),
  };
  if (keep !== undefined) feeds['num_logits_to_keep'] = int64Tensor([keep], []);
  for (const { name, type } of mainGraph(model).input) {
    if (!name.startsWith('past_key_values.')) continue;
    const isHalf = type?.value.case === 'tensorType' && type.value.value.elemType === 10;
    feeds[name] = isHalf
      ? new ort.Tensor('float16', new Uint16Array(0), [1, 2, 0, 32])
      : floatTensor([], [1, 2, 0, 32]);
  }
  return feeds;
}

export function ids(tensor: ort.Tensor | undefined): number[] {
  if (!(tensor?.data instanceof BigInt64Array)) throw new Error('expected an int64 tensor');
  return Array.from(tensor.data, Number);
}
