/** Preset settings: `quant.preset.<name>` is the title of each in the messages. */
import type { QuantFormat, QuantMethod, QuantSettings } from '#core/quant/settings.ts';
import { everyPart, type PartSettings } from './settings-code.ts';

export const PRESETS = ['fp16', 'q8', 'q4', 'q4-search', 'nf4', 'q3', 'q2', 'mixed'] as const;
export type Preset = (typeof PRESETS)[number];

/** Blocks of 32, as in the exporter. */
export function settingsOf(format: QuantFormat, method: QuantMethod = 'round'): QuantSettings {
  return { format, symmetric: true, blockSize: 32, method };
}

export const presets: Readonly<Record<Preset, PartSettings>> = {
  fp16: everyPart(settingsOf('fp16')),
  q8: everyPart(settingsOf('q8')),
  q4: everyPart(settingsOf('q4')),
  'q4-search': everyPart(settingsOf('q4', 'search')),
  nf4: everyPart(settingsOf('nf4')),
  q3: everyPart(settingsOf('q3')),
  q2: everyPart(settingsOf('q2')),
  mixed: {
    attention: settingsOf('q4', 'search'),
    mlp: settingsOf('q2', 'search'),
    head: settingsOf('q8'),
    vision: settingsOf('q8'),
  },
};
