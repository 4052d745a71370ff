/** Runs exported packages in Node on the CPU, without any of the engine: what the files say, and nothing else. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { nextChunk } from '#core/chat/chunks.ts';
import { DTYPE_SUFFIX, VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { NodeSessions, type DecoderRun } from '../../bench/plain-sessions.ts';
import { exportPackage, type ExportOptions } from '../../cli/export/export-package.ts';
import { argmax, IMAGE_TOKEN, maskOf, readGolden, type Golden } from './golden.ts';

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
  options: {
    checkpoint?: string;
    visionDtype?: Dtype;
    context?: number;
    korean?: ExportOptions['korean'];
    adapter?: ExportOptions['adapter'];
    selfTest?: ExportOptions['selfTest'];
    name?: string;
  } = {},
): Promise<void> {
  await exportPackage(
    {
      checkpoint: options.checkpoint ?? join(fixture, 'checkpoint'),
      out,
      dtype,
      visionDtype: options.visionDtype ?? VISION_DTYPE[dtype],
      blockSize: 32,
      context: options.context ?? 512,
      name: options.name ?? `fixture ${dtype}`,
      randomWeights: true,
      notice: '',
      korean: options.korean,
      adapter: options.adapter,
      selfTest: options.selfTest,
    },
    { note() {}, warn() {}, progress: () => ({ add() {}, stop() {} }) },
  );
}

/** Logits are of the new tokens. */
export type Run = DecoderRun;

export class NodeModel {
  readonly #sessions: NodeSessions;

  private constructor(sessions: NodeSessions) {
    this.#sessions = sessions;
  }

  static async open(folder: string, dtype: Dtype, visionDtype: Dtype = VISION_DTYPE[dtype]): Promise<NodeModel> {
    const path = (name: string, suffix: string) => join(folder, 'onnx', `${name}${suffix}.onnx`);
    return new NodeModel(
      await NodeSessions.open({
        decoder: path('decoder_model_merged', DTYPE_SUFFIX[dtype]),
        embedding: path('embed_tokens', DTYPE_SUFFIX[dtype]),
        vision: path('vision_encoder', DTYPE_SUFFIX[visionDtype]),
      }),
    );
  }

  static async openTextOnly(folder: string, dtype: Dtype): Promise<NodeModel> {
    return new NodeModel(
      await NodeSessions.open({ decoder: join(folder, 'onnx', `model${DTYPE_SUFFIX[dtype]}.onnx`) }),
    );
  }

  /** pixel_values [n, 3, size, size] → [n, tokens, hidden] */
  features(pixels: { shape: number[]; data: Float32Array }): Promise<Float32Array> {
    return this.#sessions.features(pixels);
  }

  /** ids → [ids, hidden] */
  embeddings(ids: readonly number[]): Promise<Float32Array> {
    return this.#sessions.embeddings(ids);
  }

  /** Logits of all positions, prefilled in chunks of at most `chunk` tokens as in the engine: they never cut an image. */
  async prefill(
    ids: readonly number[],
    options: {
      features?: Float32Array;
      mask?: readonly number[];
      chunk?: number;
      past?: Run;
      imageToken?: number;
    } = {},
  ): Promise<Run> {
    const mask = [...(options.mask ?? maskOf(ids, options.imageToken))];
    const images = imageSpans(ids, options.imageToken ?? IMAGE_TOKEN);
    const before = new Array<number>(options.past ? length(options.past) : 0).fill(1);
    const features = options.features ?? new Float32Array();
    const parts: Float32Array[] = [];
    let run = options.past;
    const prompt = { ids: [...ids], mask, images };
    const longest = options.chunk ?? ids.length;
    for (let at = 0; at < ids.length;) {
      const { start, end, images: inside } = nextChunk(prompt, at, longest, Math.max(longest, 16));
      at = end;
      const rest = { mask: [...before, ...mask.slice(0, end)], past: run?.cache, keep: 0 };
      const tokens = ids.slice(start, end);
      if (inside.length > 0) {
        const input = await this.embeddings(tokens);
        for (const image of inside) {
          const size = (input.length / tokens.length) * image.length;
          const own = features.subarray(image.index * size, (image.index + 1) * size);
          input.set(own, (input.length / tokens.length) * (image.start - start));
        }
        run = await this.#sessions.run({ ...rest, input });
      } else run = await this.#sessions.runTokens(tokens, rest);
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
}

function imageSpans(ids: readonly number[], imageToken: number): { index: number; start: number; length: number }[] {
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

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
