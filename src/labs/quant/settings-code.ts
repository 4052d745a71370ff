/** Short codes of settings, for links and keys: `q4-32-s-round`; `fp16` has no further fields. */
import { MODEL_PARTS, type ModelPart } from '#core/gemma3/parts.ts';
import {
  BLOCK_SIZES,
  QUANT_FORMATS,
  QUANT_METHODS,
  type QuantFormat,
  type QuantMethod,
  type QuantSettings,
} from '#core/quant/settings.ts';

export type PartSettings = Readonly<Record<ModelPart, QuantSettings>>;

/** Values for fields without effect: equivalent settings get the same code. */
const PLAIN = { symmetric: true, blockSize: 32, method: 'round' } as const;

export function settingsCode({ format, blockSize, symmetric, method }: QuantSettings): string {
  if (format === 'fp16') return format;
  const kind = format === 'nf4' || symmetric ? 's' : 'a';
  return `${format}-${blockSize}-${kind}-${method}`;
}

/** @returns undefined for an invalid code */
export function readSettings(code: string): QuantSettings | undefined {
  const [name, size, kind, how, ...rest] = code.split('-');
  const format: QuantFormat | undefined = QUANT_FORMATS.find((known) => known === name);
  if (!format || rest.length > 0) return undefined;
  if (format === 'fp16') return size === undefined ? { format, ...PLAIN } : undefined;
  const blockSize = BLOCK_SIZES.find((known) => String(known) === size);
  const method: QuantMethod | undefined = QUANT_METHODS.find((known) => known === how);
  if (!blockSize || !method || (kind !== 's' && kind !== 'a')) return undefined;
  return { format, blockSize, symmetric: format === 'nf4' || kind === 's', method };
}

/** One code where all parts have the same settings, else one for each in the order of MODEL_PARTS. */
export function partsCode(parts: PartSettings): string {
  const codes = MODEL_PARTS.map((part) => settingsCode(parts[part]));
  return new Set(codes).size === 1 ? (codes[0] ?? '') : codes.join('_');
}

/** @returns undefined for an invalid code */
export function readParts(code: string): PartSettings | undefined {
  const codes = code.split('_');
  const all = codes.length === 1 ? MODEL_PARTS.map(() => codes[0] ?? '') : codes;
  const [attention, mlp, head, vision] = all.map(readSettings);
  if (all.length !== MODEL_PARTS.length || !attention || !mlp || !head || !vision) return undefined;
  return { attention, mlp, head, vision };
}

export function everyPart(settings: QuantSettings): PartSettings {
  return { attention: settings, mlp: settings, head: settings, vision: settings };
}
