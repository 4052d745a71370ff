/** Whether an adapter can be switched on and off while the model runs: only updates of the decoder's projections can. */
import type { Adapter } from './adapter.ts';
import { AdapterError } from './error.ts';
import { EXPORT_WITH_ADAPTER } from './next-steps.ts';

/**
 * @param file for the message
 * @throws AdapterError that names what the page cannot add and the command that can
 */
export function requireLive({ others, saved }: Adapter, file: string): void {
  const parts = [
    ...(saved.length > 0 ? [`modules trained as a whole (${listed(saved.map(({ parameter }) => parameter))})`] : []),
    ...(others.length > 0
      ? [`LoRA outside the decoder's projections (${listed(others.map(({ parameter }) => parameter))})`]
      : []),
  ];
  if (parts.length === 0) return;
  throw new AdapterError(
    file,
    `holds ${parts.join(' and ')}, which the page cannot switch on and off; ${EXPORT_WITH_ADAPTER}`,
  );
}

function listed(names: readonly string[]): string {
  return names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(', ');
}
