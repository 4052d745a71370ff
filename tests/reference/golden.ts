/** The reference outputs of tests/fixtures/gemma3-tiny, for tests in Node and in the browser. */
import type { ByteSource } from '#core/bytes.ts';
import { decodeFloats, isFloatDtype } from '#core/safetensors/dtype.ts';
import { readHeader } from '#core/safetensors/header.ts';

export interface GoldenCase {
  input_ids: number[];
  images: number;
  greedy_24: number[];
  max_abs_diff_if_image_tokens_were_causal?: number;
}

export interface GoldenTensor {
  shape: number[];
  data: Float32Array<ArrayBuffer>;
}

export interface Golden {
  cases: Record<string, GoldenCase>;
  tensor(name: string): GoldenTensor;
}

/** Of gemma3-tiny. */
export const IMAGE_TOKEN = 500;
export const caseNames = ['text_short', 'text_beyond_window', 'one_image', 'two_images'] as const;
export const imageCases = ['one_image', 'two_images'] as const;

export async function readTensors(source: ByteSource): Promise<Map<string, GoldenTensor>> {
  const header = await readHeader(source);
  const tensors = new Map<string, GoldenTensor>();
  for (const { name, shape, dtype, begin, end } of header.tensors.values()) {
    if (!isFloatDtype(dtype)) throw new Error(`${name} is ${dtype}`);
    tensors.set(name, { shape, data: new Float32Array(decodeFloats(await source.read(begin, end - begin), dtype)) });
  }
  return tensors;
}

export async function readGolden(expected: ByteSource, cases: { cases: Record<string, GoldenCase> }): Promise<Golden> {
  const tensors = await readTensors(expected);
  return {
    cases: cases.cases,
    tensor(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`no reference tensor ${name}`);
      return tensor;
    },
  };
}

/** 1 for text, 2 for the tokens of the first image, 3 for those of the second. */
export function maskOf(ids: readonly number[], imageToken = IMAGE_TOKEN): number[] {
  let image = 1;
  return ids.map((id, i) => {
    if (id !== imageToken) return 1;
    if (ids[i - 1] !== imageToken) image++;
    return image;
  });
}

export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let max = 0;
  // NaN must not pass for equal.
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
    if (!(difference <= max)) max = difference;
  }
  return max;
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? NaN;
    const y = b[i] ?? NaN;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? NaN) > (values[best] ?? NaN)) best = i;
  return best;
}

/** Share of rows whose largest entry is at the same place. */
export function topOneAgreement(a: Float32Array, b: Float32Array, columns: number): number {
  let same = 0;
  for (let at = 0; at < a.length; at += columns)
    if (argmax(a.subarray(at, at + columns)) === argmax(b.subarray(at, at + columns))) same++;
  return same / (a.length / columns);
}
