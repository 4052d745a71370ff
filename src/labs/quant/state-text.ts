import { bytes } from '../../platform/figures.ts';
import { t } from '../../platform/locale.svelte.ts';
import type { Trial } from './trial.svelte.ts';

/** Text for the state of a trial and its progress. */
export function stateOf({ state, progress }: Trial): string {
  if (!progress) return t(`quant.state.${state}`);
  if (state === 'making') {
    return t('quant.state.making.of', { done: bytes(progress.done), total: bytes(progress.total) });
  }
  if (state === 'asking') return t('quant.state.asking.of', progress);
  return t(`quant.state.${state}`);
}
