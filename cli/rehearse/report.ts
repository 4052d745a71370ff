/** What a rehearsal prints: steps, bytes by file predicted and measured, and the bars. */
import { table } from '../shared/table.ts';
import type { StepResult } from './step.ts';

export interface Bar {
  name: string;
  limit: number;
  measured: number;
  show: (value: number) => string;
}

export function stepTable(steps: readonly StepResult[]): string {
  return table([
    ['step', 'seconds', 'peak memory'],
    ...steps.map(({ name, seconds, peakBytes }) => [name, seconds.toFixed(1), megabytes(peakBytes)]),
  ]);
}

/**
 * Files without a prediction are copies, whose size the shape does not say.
 * @param onDisk bytes of all files, where a file with two names counts once
 */
export function byteTable(
  predicted: ReadonlyMap<string, number>,
  measured: ReadonlyMap<string, number>,
  onDisk: number,
): string {
  const paths = [...new Set([...predicted.keys(), ...measured.keys()])];
  const bytes = (value: number | undefined) => (value === undefined ? '–' : value.toLocaleString('en'));
  return table([
    ['file', 'predicted bytes', 'measured bytes', ''],
    ...paths.map((path) => {
      const [wanted, found] = [predicted.get(path), measured.get(path)];
      const verdict = wanted === undefined ? '' : wanted === found ? 'equal' : 'DIFFERENT';
      return [path, bytes(wanted), bytes(found), verdict];
    }),
    ['all, under every name', bytes(sum(predicted)), bytes(sum(measured)), ''],
    ['on the disk', '–', bytes(onDisk), ''],
  ]);
}

export function barTable(bars: readonly Bar[]): string {
  return table([
    ['bar', 'at most', 'measured', ''],
    ...bars.map(({ name, limit, measured, show }) => [
      name,
      show(limit),
      show(measured),
      measured <= limit ? 'met' : 'not met',
    ]),
  ]);
}

/** Paths whose size is not as predicted, or which are not there. */
export function differences(
  predicted: ReadonlyMap<string, number>,
  measured: ReadonlyMap<string, number>,
): readonly string[] {
  return [...predicted].filter(([path, size]) => measured.get(path) !== size).map(([path]) => path);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 0 })} MB`;
}

export function minutes(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export function sum(sizes: ReadonlyMap<unknown, number>): number {
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}
