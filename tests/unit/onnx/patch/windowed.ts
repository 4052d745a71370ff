/** The engine's decoder and cache in Node, with local layers that keep `rows` rows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { nextChunk } from '#core/chat/chunks.ts';
import { externalFiles, readModel, writeModel } from '#core/onnx/model.ts';
import { addArgmaxHead } from '#core/onnx/patch/argmax-head.ts';
import { addLocalWindow } from '#core/onnx/patch/local-window.ts';
import type { Backend } from '../../../../workers/engine/model/backend.ts';
import { Decoder } from '../../../../workers/engine/model/decoder.ts';
import { noWeights } from '../../../../workers/engine/model/gpu-weights.ts';
import { GrowingKvCache } from '../../../../workers/engine/model/growing-kv-cache.ts';
import { kvInputs } from '../../../../workers/engine/model/kv-cache.ts';
import { maskOf } from '../../../reference/golden.ts';
import type { NodeModel } from '../../../reference/node.ts';

export class WindowedDecoder {
  readonly decoder: Decoder;
  readonly cache: GrowingKvCache;
  readonly #model: NodeModel;

  private constructor(decoder: Decoder, cache: GrowingKvCache, model: NodeModel) {
    this.decoder = decoder;
    this.cache = cache;
    this.#model = model;
  }

  /** @param model the same package, for its embeddings */
  static async open(folder: string, model: NodeModel, rows: number, capacity = 512): Promise<WindowedDecoder> {
    const onnx = join(folder, 'onnx');
    const file = 'decoder_model_merged.onnx';
    const graph = readModel(readFileSync(join(onnx, file)));
    const window = addLocalWindow(graph);
    if (!window) throw new Error('the decoder has no local layers');
    addArgmaxHead(graph);
    const session = await ort.InferenceSession.create(writeModel(graph), {
      logSeverityLevel: 3,
      externalData: externalFiles(graph).map((path) => ({
        path,
        data: new Uint8Array(readFileSync(join(onnx, path))),
      })),
    });
    const backend: Backend = {
      runtime: { ort, build: 'wasm', wasmBytes: () => undefined },
      gpu: undefined,
      info: { provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'asked' },
      sessionOptions: {},
      externalData: () => Promise.reject(new Error('the session stands')),
      guard: (work) => work,
      destroy() {},
    };
    const text = { session, inputs: new Set(session.inputNames), weights: noWeights };
    const cache = new GrowingKvCache(backend, kvInputs(graph), capacity, { window, rows });
    return new WindowedDecoder(new Decoder(backend, { text, image: undefined }, cache), cache, model);
  }

  /** Logits after the last token. Starts behind what the cache holds, in chunks that never cut an image. */
  readonly prefill = async (
    ids: readonly number[],
    longest: number,
    features: Float32Array,
    imageToken?: number,
  ): Promise<Float32Array> => {
    const mask = maskOf(ids, imageToken);
    const images = mask.flatMap((value, start) =>
      value > 1 && mask[start - 1] !== value
        ? [{ index: value - 2, start, length: mask.filter((other) => other === value).length }]
        : [],
    );
    let logits = new Float32Array();
    while (this.decoder.length < ids.length) {
      const prompt = { ids: [...ids], mask, images };
      const { start, end, images: own } = nextChunk(prompt, this.decoder.length, longest, longest);
      const count = end - start;
      const values = await this.#model.embeddings(ids.slice(start, end));
      const size = values.length;
      for (const image of own) {
        const width = size / count;
        const [from, to] = [image.index * image.length, (image.index + 1) * image.length];
        values.set(features.subarray(from * width, to * width), (image.start - start) * width);
      }
      const input = { inputs_embeds: new ort.Tensor('float32', values, [1, count, size / count]) };
      logits = Float32Array.from(await this.decoder.run(input, mask.slice(start, end), 'logits'));
    }
    return logits;
  };
}
