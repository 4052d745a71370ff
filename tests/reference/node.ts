/** Runs exported packages in Node on the CPU, without any of the engine: what the files say, and nothing else. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { Dtype } from '#core/protocol/manifest.ts';
import { chunks } from '#core/chat/chunks.ts';
import { exportPackage, type ExportOptions } from '../../exporter/export-package.ts';
import { DTYPE_SUFFIX, VISION_DTYPE } from '../../exporter/graphs.ts';
import { argmax, imageToken, maskOf, readGolden, type Golden } from './golden.ts';

export const fixture = new URL('../fixtures/gemma3-tiny/', import.meta.url).pathname;

export function fileSource(path: string) {
  const bytes = readFileSync(path);
  return {
    name: path,
    size: bytes.length,
    read: (offset: number, length: number) => Promise.resolve(new Uint8Array(bytes.subarray(offset, offset + length))),
  };
}

export function golden(): Promise<Golden> {
  return readGolden(
    fileSource(join(fixture, 'expected.safetensors')),
    JSON.parse(readFileSync(join(fixture, 'cases.json'), 'utf8')),
  );
}

/** A folder that goes away with `remove`. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'medgemma-ko-lab-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function exportFixture(
  out: string,
  dtype: Dtype,
  options: { checkpoint?: string; visionDtype?: Dtype; context?: number; korean?: ExportOptions['korean'] } = {},
): Promise<void> {
  await exportPackage(
    {
      checkpoint: options.checkpoint ?? join(fixture, 'checkpoint'),
      out,
      dtype,
      visionDtype: options.visionDtype ?? VISION_DTYPE[dtype],
      blockSize: 32,
      context: options.context ?? 512,
      name: `fixture ${dtype}`,
      randomWeights: true,
      notice: '',
      korean: options.korean,
    },
    { note() {}, warn() {}, progress: () => ({ add() {}, stop() {} }) },
  );
}

export interface Run {
  /** [positions, vocabulary] of the new tokens. */
  logits: Float32Array;
  cache: Record<string, ort.Tensor>;
}

export class NodeModel {
  readonly #decoder: ort.InferenceSession;
  readonly #embed: ort.InferenceSession | undefined;
  readonly #vision: ort.InferenceSession | undefined;

  private constructor(decoder: ort.InferenceSession, embed?: ort.InferenceSession, vision?: ort.InferenceSession) {
    this.#decoder = decoder;
    this.#embed = embed;
    this.#vision = vision;
  }

  static async open(folder: string, dtype: Dtype, visionDtype: Dtype = VISION_DTYPE[dtype]): Promise<NodeModel> {
    const open = (name: string, suffix: string) =>
      ort.InferenceSession.create(join(folder, 'onnx', `${name}${suffix}.onnx`), { logSeverityLevel: 3 });
    return new NodeModel(
      await open('decoder_model_merged', DTYPE_SUFFIX[dtype]),
      await open('embed_tokens', DTYPE_SUFFIX[dtype]),
      await open('vision_encoder', DTYPE_SUFFIX[visionDtype]),
    );
  }

  static async openTextOnly(folder: string, dtype: Dtype): Promise<NodeModel> {
    return new NodeModel(
      await ort.InferenceSession.create(join(folder, 'onnx', `model${DTYPE_SUFFIX[dtype]}.onnx`), {
        logSeverityLevel: 3,
      }),
    );
  }

  /** pixel_values [n, 3, size, size] → [n, tokens, hidden] */
  async features(pixels: { shape: number[]; data: Float32Array }): Promise<Float32Array> {
    const { image_features } = await this.#visionOrFail().run({
      pixel_values: new ort.Tensor('float32', pixels.data, pixels.shape),
    });
    return floats(image_features);
  }

  /** ids → [ids, hidden] */
  async embeddings(ids: readonly number[]): Promise<Float32Array> {
    if (!this.#embed) throw new Error('a text-only package');
    const tokens = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
    return floats((await this.#embed.run({ input_ids: tokens })).inputs_embeds);
  }

  /** Logits of all positions, prefilled in chunks of at most `chunk` tokens that never cut an image. */
  async prefill(
    ids: readonly number[],
    options: { features?: Float32Array; mask?: readonly number[]; chunk?: number; past?: Run } = {},
  ): Promise<Run> {
    const mask = [...(options.mask ?? maskOf(ids))];
    const images = imageSpans(ids);
    const prompt = { ids: [...ids], mask, images };
    const before = options.past ? length(options.past) : 0;
    const parts: Float32Array[] = [];
    let run = options.past;
    for (const { start, end } of chunks(prompt, 0, options.chunk ?? ids.length)) {
      run = await this.#run(ids, start, end, mask, images, before, run, options.features);
      parts.push(run.logits);
    }
    if (!run) throw new Error('no tokens');
    return { logits: concatenate(parts), cache: run.cache };
  }

  async greedy(run: Run, count: number, vocabulary = 512): Promise<{ ids: number[]; run: Run }> {
    const ids: number[] = [];
    for (let i = 0; i < count; i++) {
      ids.push(argmax(run.logits.subarray(-vocabulary)));
      run = await this.prefill(ids.slice(-1), { past: run });
    }
    return { ids, run };
  }

  async #run(
    ids: readonly number[],
    start: number,
    end: number,
    mask: readonly number[],
    images: { start: number; length: number }[],
    before: number,
    past: Run | undefined,
    features: Float32Array | undefined,
  ): Promise<Run> {
    const count = end - start;
    const total = before + end;
    const allMask = [...new Array<number>(before).fill(1), ...mask.slice(0, end)];
    const feeds: Record<string, ort.Tensor> = {
      attention_mask: new ort.Tensor('int64', BigInt64Array.from(allMask, BigInt), [1, total]),
      num_logits_to_keep: new ort.Tensor('int64', new BigInt64Array([0n]), []),
    };
    const tokens = new ort.Tensor('int64', BigInt64Array.from(ids.slice(start, end), BigInt), [1, count]);
    if (this.#embed) {
      const { inputs_embeds } = await this.#embed.run({ input_ids: tokens });
      const embeds = floats(inputs_embeds);
      const hidden = embeds.length / count;
      images.forEach((image, index) => {
        if (image.start < start || image.start >= end) return;
        const size = image.length * hidden;
        embeds.set(
          (features ?? new Float32Array()).subarray(index * size, (index + 1) * size),
          (image.start - start) * hidden,
        );
      });
      feeds['inputs_embeds'] = new ort.Tensor('float32', embeds, [1, count, hidden]);
    } else feeds['input_ids'] = tokens;
    for (const meta of this.#decoder.inputMetadata) {
      if (!meta.isTensor || !meta.name.startsWith('past_key_values.')) continue;
      const dims = meta.shape.map((size) => (typeof size === 'number' ? size : 0));
      dims[0] = 1;
      feeds[meta.name] =
        past?.cache[meta.name.replace('past_key_values', 'present')] ??
        (meta.type === 'float16'
          ? new ort.Tensor('float16', new Uint16Array(0), dims)
          : new ort.Tensor('float32', new Float32Array(0), dims));
    }
    const { logits, ...cache } = await this.#decoder.run(feeds);
    return { logits: floats(logits), cache };
  }

  #visionOrFail(): ort.InferenceSession {
    if (!this.#vision) throw new Error('a text-only package');
    return this.#vision;
  }
}

function imageSpans(ids: readonly number[]): { index: number; start: number; length: number }[] {
  const spans: { index: number; start: number; length: number }[] = [];
  ids.forEach((id, i) => {
    if (id !== imageToken) return;
    const last = spans.at(-1);
    if (last && last.start + last.length === i) last.length++;
    else spans.push({ index: spans.length, start: i, length: 1 });
  });
  return spans;
}

function length(run: Run): number {
  return run.cache['present.0.key']?.dims[2] ?? 0;
}

function floats(tensor: ort.Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('expected a float32 tensor');
  return new Float32Array(tensor.data);
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
