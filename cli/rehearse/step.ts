/** Runs a step of the rehearsal as a process of its own, so that its peak memory is its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';

export interface Step {
  name: string;
  /** Entry file under `cli/`, e.g. `export/main.ts`. */
  entry: string;
  args: readonly string[];
}

export interface StepResult {
  name: string;
  seconds: number;
  /** Peak resident memory in bytes. */
  peakBytes: number;
}

const TSX = import.meta.resolve('tsx');
const REPORT_PEAK = new URL('./report-peak.ts', import.meta.url).href;

/**
 * What the step prints goes to `io.stderr`.
 * @throws CommandError where it ends with another status than 0; the reason of `io.signal`
 */
export async function runStep({ name, entry, args }: Step, io: CommandIo): Promise<StepResult> {
  io.signal.throwIfAborted();
  const path = fileURLToPath(new URL(`../${entry}`, import.meta.url));
  const begin = performance.now();
  const child = spawn(process.execPath, ['--import', TSX, '--import', REPORT_PEAK, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Uint8Array) => void io.stderr.write(text));
  let peak = '';
  child.stdio[3]?.on('data', (text: Uint8Array) => (peak += Buffer.from(text).toString()));
  // A terminal sends Ctrl-C to the step too, which cleans up; other signals come to us alone.
  const stop = () => void child.kill('SIGTERM');
  io.signal.addEventListener('abort', stop);
  try {
    const status = await new Promise<number | string | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, by) => resolve(code ?? by));
    });
    io.signal.throwIfAborted();
    if (status !== 0) throw new CommandError(`the step "${name}" ended with ${status}; its message stands above`);
  } finally {
    io.signal.removeEventListener('abort', stop);
  }
  return { name, seconds: (performance.now() - begin) / 1000, peakBytes: Number(peak) };
}
