/** How the weights of somebody's package are stored, from the names of its files and their sizes. */
import type { Gemma3Config } from '../gemma3/config.ts';
import { valueOf } from './expression.ts';
import { textWeights } from './model-weights.ts';
import { FLOAT_BYTES, STORAGE_PRESETS, STORED_FORMATS, type ModelStorage, type StoragePreset } from './storage.ts';

/** More bytes of weights do not run on the CPU: WebAssembly keeps all of them in its 4 GiB of memory, twice while it loads. */
export const CPU_WEIGHT_BYTES = 1.2e9;

/** True for a file of weights of one of these graphs: `onnx/NAME.onnx_data`, `onnx/NAME.onnx_data_1` … */
export function isWeightsOf(path: string, graphs: readonly string[]): boolean {
  return graphs.some((graph) => path.startsWith(`${graph}_data`));
}

/**
 * Bytes of the weights that these graphs hold: files of the same content once a name.
 * @param graphs paths of the graphs
 */
export function weightBytesOf(files: Readonly<Record<string, { size: number }>>, graphs: readonly string[]): number {
  return Object.entries(files).reduce((sum, [path, { size }]) => sum + (isWeightsOf(path, graphs) ? size : 0), 0);
}

/** One of the variants that a package holds. */
export interface VariantSize {
  /** dtype of the decoder and of the vision encoder, as transformers.js names them. */
  decoder: string;
  vision: string | undefined;
  /** Bytes of the decoder's data files, files of the same content once; undefined where nothing says them. */
  decoderBytes: number | undefined;
  /** Bytes of all files that opening this variant reads; undefined where nothing says them. */
  downloadBytes: number | undefined;
  /** Bytes of the weights of its graphs: files of the same content once a name, since each graph holds its own. */
  weightBytes: number | undefined;
}

/** A variant that computes in float16 where the device does, as the engine chooses; else the first of the others. */
export function variantFor(variants: readonly VariantSize[], hasHalf: boolean): VariantSize | undefined {
  const [half] = variants.filter(isHalf);
  const [full] = variants.filter((variant) => !isHalf(variant));
  return hasHalf ? (half ?? full) : (full ?? half);
}

export function isHalf({ decoder }: VariantSize): boolean {
  return decoder === 'q4f16' || decoder === 'fp16';
}

/** @returns undefined for a dtype whose bytes are not known here */
export function storageOf(
  config: Gemma3Config,
  variant: Pick<VariantSize, 'decoder' | 'vision' | 'decoderBytes'>,
): ModelStorage | undefined {
  const preset = PRESETS.find((name) => name === variant.decoder);
  if (!preset) return undefined;
  const vision = variant.vision === undefined ? undefined : STORED_FORMATS.find((name) => name === variant.vision);
  const chosen = STORAGE_PRESETS[preset];
  const formats = { ...chosen.formats, ...(vision ? { vision } : {}) };
  const { decoderBytes } = variant;
  if (decoderBytes === undefined) return { ...chosen, formats };
  // q4 names no width of scales: the one whose bytes are nearer to the files'.
  const off = (scales: ModelStorage['scales']) => {
    const { attention, mlp, embedding, head, norms } = textWeights(
      config.text,
      { ...chosen, formats, scales },
      'files',
    );
    const parts = [attention, mlp, head ?? embedding, norms];
    return Math.abs(parts.reduce((sum, part) => sum + valueOf(part), 0) - decoderBytes);
  };
  const [scales] = [...SCALES].sort((a, b) => off(a) - off(b));
  return { ...chosen, formats, scales: scales ?? chosen.scales };
}

const SCALES = ['fp32', 'fp16'] as const satisfies readonly (keyof typeof FLOAT_BYTES)[];
const PRESETS = Object.keys(STORAGE_PRESETS).filter((name): name is StoragePreset => name in STORAGE_PRESETS);
