import { shippedPack, RECOMMENDED_PACK } from '#core/tokenizer/korean/shipped-packs.ts';
import { count } from '../../../platform/figures.ts';
import { t } from '../../../platform/locale.svelte.ts';
import type { Entry } from './entry.svelte.ts';

/** Number of new tokens. The names of shipped packs contain it, so it is known before they are loaded. */
function addedBy(entry: Entry): number {
  const { info } = entry;
  if (info?.firstNewId !== undefined) return info.size - info.firstNewId;
  return Number(/\d+$/.exec(entry.given)?.[0] ?? 0);
}

export function nameOf(entry: Entry): string {
  if (entry.source.type === 'base') return t('tokenizer.name.base');
  if (entry.source.type === 'pack') return t(`tokenizer.name.${textOf(entry)}`, { count: count(addedBy(entry)) });
  return entry.given;
}

/** A short name for narrow places. */
export function shortNameOf(entry: Entry): string {
  if (entry.source.type === 'base') return t('tokenizer.name.base.short');
  if (entry.source.type === 'pack') return t(`tokenizer.name.${textOf(entry)}.short`, { count: count(addedBy(entry)) });
  return entry.given.replace(/^.*\//, '').replace(/\.(json|model)$/, '');
}

export function isRecommended(entry: Entry): boolean {
  return entry.key === RECOMMENDED_PACK;
}

function textOf({ key }: Entry): 'pack' | 'medical' {
  return shippedPack(key)?.text === 'medical' ? 'medical' : 'pack';
}
