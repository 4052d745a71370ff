/** How the parts of a model are stored, and bytes per weight on the disk and on a GPU. */
import type { FloatType } from '../gemma3/stored.ts';
import { named, product, quotient, sum, type Expression } from './expression.ts';

/** Formats that the runtime has kernels for. */
export const STORED_FORMATS = ['fp32', 'fp16', 'q8', 'q4', 'q2'] as const;
export type StoredFormat = (typeof STORED_FORMATS)[number];

export const PLANNED_PARTS = ['attention', 'mlp', 'embedding', 'vision'] as const;
export type PlannedPart = (typeof PLANNED_PARTS)[number];

export interface ModelStorage {
  formats: Readonly<Record<PlannedPart, StoredFormat>>;
  /** Stored type of the scales of blocks. */
  scales: FloatType;
  /** Type of attention, its cache, and the products before it. */
  compute: FloatType;
}

/** As the exporter writes them (`--dtype`); the vision encoder has the exporter's default precision. */
export const STORAGE_PRESETS = {
  q4: preset('q4', 'q8', 'fp32'),
  q4f16: preset('q4', 'q8', 'fp16'),
  q8: preset('q8', 'q8', 'fp32'),
  fp16: preset('fp16', 'fp16', 'fp16'),
  fp32: preset('fp32', 'fp32', 'fp32'),
  q2: preset('q2', 'q8', 'fp32'),
} as const satisfies Record<string, ModelStorage>;
export type StoragePreset = keyof typeof STORAGE_PRESETS;

function preset(text: StoredFormat, vision: StoredFormat, compute: FloatType): ModelStorage {
  return { formats: { attention: text, mlp: text, embedding: text, vision }, scales: 'fp16', compute };
}

/** Weights that share a scale, the exporter's default. */
export const BLOCK = 32;

const CODE_BITS = { q8: 8, q4: 4, q2: 2 } as const;

export function isBlocks(format: StoredFormat): format is keyof typeof CODE_BITS {
  return format !== 'fp32' && format !== 'fp16';
}

/** Bytes of a number. */
export const FLOAT_BYTES = { fp32: 4, fp16: 2 } as const;

/**
 * A matrix of `weights` numbers in rows of `columns`. Rows that are not whole blocks are stored in float32, as the exporter does.
 * @param scales bytes of a scale where it is read from
 */
export function matrixBytes(format: StoredFormat, weights: Expression, columns: number, scales: number): Expression {
  if (!isBlocks(format)) return product(weights, FLOAT_BYTES[format]);
  if (columns % BLOCK !== 0) return product(weights, FLOAT_BYTES.fp32);
  return product(weights, sum(quotient(CODE_BITS[format], 8), quotient(named('scale', scales), BLOCK)));
}
