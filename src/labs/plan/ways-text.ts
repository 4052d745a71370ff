import type { Way } from '#core/budget/fit.ts';
import { bytes, count } from '../../platform/figures.ts';
import { t } from '../../platform/locale.svelte.ts';

/** What a way changes, as a part of a sentence. */
export function wayText({ remedies, settings, bytes: needed }: Way): string {
  const parts = remedies.map((remedy) =>
    remedy === 'shorter-context'
      ? t('plan.way.shorter-context', { context: count(settings.contextLength) })
      : t(`plan.way.${remedy}`),
  );
  return t('plan.way', { changes: parts.join(' + '), size: bytes(needed) });
}
