import type { Machine } from '#core/budget/machines.ts';
import { t } from '../../platform/locale.svelte.ts';

/** Products have the same name in every language. */
export function machineLabel({ name, kind }: Machine): string {
  return kind === 'integrated' || kind === 'phone' ? t(`plan.machine.${kind}`) : name;
}
