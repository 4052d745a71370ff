/** Settings to begin from: `quant.preset.<name>` in the messages. */
import type { QuantFormat, QuantMethod, QuantSettings } from '#core/quant/settings.ts';
import { everyPart, type PartSettings } from './settings-code.ts';

export const PRESETS = ['fp16', 'q8', 'q4', 'q4-search', 'nf4', 'q3', 'q2', 'mixed'] as const;
export type Preset = (typeof PRESETS)[number];

/** In blocks of 32, as the exporter does it. */
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
