/** What a rehearsal is held to, on two cores. */
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { QuantMethod } from '#core/quant/settings.ts';
import type { PresetName } from '../shared/presets.ts';
import { EXPORT } from './rehearse.ts';
import { megabytes, minutes, type Bar } from './report.ts';
import type { StepResult } from './step.ts';

interface Rehearsed {
  shape: PresetName;
  layers?: number;
  dtype: Dtype;
  method?: QuantMethod;
}

const SEARCH_SECONDS = 15 * 60;
const ROUND_SECONDS = 4 * 60;
const EXPORT_BYTES = 1.5e9;
/** Of the whole package, with Korean rows and the vision encoder in 8 bits. */
const PACKAGE_BYTES = 2.7e9;

/** The bars are those of MedGemma 4B in 4 bits; other shapes have none. */
export function barsOf(
  { shape, layers, dtype, method = 'search' }: Rehearsed,
  steps: readonly StepResult[],
  packageBytes: number,
): Bar[] {
  const step = steps.find(({ name }) => name === EXPORT);
  if (shape !== 'medgemma-4b' || layers !== undefined || (dtype !== 'q4' && dtype !== 'q4f16') || !step) return [];
  const limit = method === 'search' ? SEARCH_SECONDS : ROUND_SECONDS;
  return [
    { name: `export, ${method}`, limit, measured: step.seconds, show: minutes },
    { name: 'export, peak memory', limit: EXPORT_BYTES, measured: step.peakBytes, show: megabytes },
    { name: 'package', limit: PACKAGE_BYTES, measured: packageBytes, show: megabytes },
  ];
}
