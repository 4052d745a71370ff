import type { AdapterReport, NoAdapter } from '#core/protocol/preflight.ts';
import type { StoragePreset } from '#core/budget/storage.ts';
import type { MachineState } from '../../platform/machine-state.ts';

/** What on this machine would make the model slow or impossible, and what to do about it. */
export const HINTS = [
  'no-gpu',
  'software',
  'integrated',
  'two-gpus',
  'no-half',
  'half-only',
  'small-buffers',
  'battery',
  'no-room',
  'not-kept',
] as const;
export type Hint = (typeof HINTS)[number];

interface Known {
  adapter: AdapterReport | NoAdapter | undefined;
  machine: MachineState | undefined;
  downloadBytes: number;
  preset: StoragePreset;
}

/** Buffer size below which the embedding table of a 4-bit 4B model has no place. */
const SMALL_BUFFER = 400e6;

export function hintsOf({ adapter, machine, downloadBytes, preset }: Known): Hint[] {
  const hints: Hint[] = [];
  if (typeof adapter === 'string') hints.push('no-gpu');
  else if (adapter) {
    const { kind, lowPower, names, limits } = adapter;
    if (kind === 'software') hints.push('software');
    // Where the browser was asked for the fast one and gave this, it may not know of a card, or not be allowed to use it.
    if (kind === 'integrated') hints.push('integrated');
    if (lowPower && kind !== 'integrated') hints.push('two-gpus');
    if (!names.shaderF16) hints.push(preset === 'fp16' ? 'half-only' : 'no-half');
    if (limits.maxStorageBufferBindingSize < SMALL_BUFFER) hints.push('small-buffers');
  }
  if (machine?.power && !machine.power.isCharging) hints.push('battery');
  if (machine?.storage && machine.storage.freeBytes < downloadBytes) hints.push('no-room');
  else if (machine?.storage && !machine.storage.isPersisted) hints.push('not-kept');
  return hints;
}
