/**
 * Buffers that ONNX Runtime makes to compute in. It rounds their sizes up, keeps them once they were made, and uses them again only
 * behind the next submit, 16 dispatches later: nearly all values of a layer are there at the same time. How many of each kind was
 * counted (docs/decisions/0024-ledger.md); another version of the runtime may need others.
 */
import type { TextConfig, VisionConfig } from '../gemma3/config.ts';
import { named, product, sum, type Expression } from './expression.ts';
import { FLOAT_BYTES } from './storage.ts';

/** Sizes in bytes that the runtime rounds up to (buffer_manager.cc, 1.31); larger ones are made as they are asked for. */
const BUCKETS: readonly number[] = [
  ...[64, 128, 256, 512, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576, 2_097_152],
  ...[4_194_304, 8_388_608, 12_582_912, 16_777_216, 26_214_400, 33_554_432, 44_236_800, 58_982_400, 67_108_864],
  ...[134_217_728, 167_772_160],
];

/** Bytes of the buffer for a value of `numbers` float32. */
export function bufferBytes(numbers: number): number {
  const bytes = numbers * FLOAT_BYTES.fp32;
  return BUCKETS.find((bucket) => bucket >= bytes) ?? Math.ceil(bytes / 16) * 16;
}

const buffer = (name: string, numbers: number) => named(`buffer(${name})`, bufferBytes(numbers));

/**
 * What a run of `tokens` tokens through the decoder leaves: values as wide as the residual, the queries, the keys, and the MLP.
 * @param positions with which attention is not fused: a value for each head, token and position; undefined where it is
 */
export function decoderBuffers(text: TextConfig, tokens: number, positions: number | undefined): Expression {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headDim } = text;
  const at = (width: string) => `${tokens} · ${width}`;
  return sum(
    product(5, buffer(at('hidden'), tokens * hiddenSize)),
    product(4, buffer(at('heads · head_dim'), tokens * heads * headDim)),
    product(5, buffer(at('kv_heads · head_dim'), tokens * keyValueHeads * headDim)),
    product(3, buffer(at('mlp'), tokens * intermediateSize)),
    positions === undefined ? 0 : buffer(at('heads · context'), tokens * heads * positions),
  );
}

/** What the vision encoder leaves. @param inner width of its MLP as it is stored */
export function encoderBuffers(vision: VisionConfig, inner: number, isFused: boolean): Expression {
  const patches = Math.floor(vision.imageSize / vision.patchSize) ** 2;
  return sum(
    product(7, buffer('patches · width', patches * vision.hiddenSize)),
    product(3, buffer('patches · vision_mlp', patches * inner)),
    isFused ? 0 : product(2, buffer('vision_heads · patches · patches', vision.heads * patches * patches)),
    // The pixels, until they are read.
    buffer('pixels', vision.channels * vision.imageSize ** 2),
  );
}
