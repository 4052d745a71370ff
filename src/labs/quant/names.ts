import { MODEL_PARTS } from '#core/gemma3/parts.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { t } from '../../platform/locale.svelte.ts';
import { settingsCode, type PartSettings } from './settings-code.ts';
import type { Trial } from './trial.svelte.ts';

/** A short name of settings, for example "q4 · 32 · 반올림". */
export function nameOfSettings({ format, blockSize, symmetric, method }: QuantSettings): string {
  if (format === 'fp16') return format;
  const parts = [format, t('quant.name.block', { size: blockSize })];
  if (method === 'search') parts.push(t('quant.method.search'));
  if (!symmetric && format !== 'nf4') parts.push(t('quant.name.asymmetric'));
  return parts.join(' · ');
}

export function nameOfParts(parts: PartSettings): string {
  const [first = parts.attention, ...others] = MODEL_PARTS.map((part) => parts[part]);
  if (others.every((other) => settingsCode(other) === settingsCode(first))) return nameOfSettings(first);
  return MODEL_PARTS.map((part) => `${t(`quant.part.${part}`)} ${shortName(parts[part])}`).join(' · ');
}

export function nameOfTrial({ subject }: Pick<Trial, 'subject'>): string {
  return subject.type === 'parts' ? nameOfParts(subject.parts) : subject.name;
}

/** Leaves out the values that most settings share. */
function shortName(settings: QuantSettings): string {
  const { format, blockSize, symmetric, method } = settings;
  const parts: string[] = [format];
  if (format === 'fp16') return format;
  if (blockSize !== 32) parts.push(`/${blockSize}`);
  if (method === 'search') parts.push(t('quant.method.search'));
  if (!symmetric && format !== 'nf4') parts.push(t('quant.name.asymmetric'));
  return parts.join(' ');
}
