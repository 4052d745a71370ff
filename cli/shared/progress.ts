import { setImmediate } from 'node:timers/promises';
import cliProgress from 'cli-progress';

export interface Progress {
  add(amount: number): void;
  stop(): void;
}

export interface ProgressOptions {
  /** Text before the bar. */
  label?: string;
  /** Unit of the amounts; `bytes` are shown as MB. Without a unit the bar shows the percentage only. */
  unit?: string;
}

/** A bar with the time left: redrawn on a terminal, a line every two seconds elsewhere. */
export function progressBar(
  stream: NodeJS.WritableStream,
  total: number,
  { label, unit }: ProgressOptions = {},
): Progress {
  const inBytes = unit === 'bytes';
  const amount = unit === undefined ? '' : ` | {value} of {total} ${inBytes ? 'MB' : unit}`;
  const bar = new cliProgress.SingleBar(
    {
      format: `${label === undefined ? '' : `${label} `}[{bar}] {percentage}%${amount} | {eta_formatted} left`,
      formatValue: (value, options, type) =>
        inBytes && (type === 'value' || type === 'total')
          ? (value / 1e6).toFixed(1)
          : cliProgress.Format.ValueFormat(value, options, type),
      stream,
      etaBuffer: 200,
      hideCursor: true,
      noTTYOutput: true,
      notTTYSchedule: 2000,
    },
    cliProgress.Presets.legacy,
  );
  bar.start(total, 0);
  return { add: (done) => bar.increment(done), stop: () => bar.stop() };
}

/** Pauses long computations ten times a second, so that the event loop draws the bar and handles signals. */
export class Pause {
  private last = performance.now();

  constructor(private readonly signal: AbortSignal) {}

  /** @throws the reason of the signal when it is aborted */
  async ifDue(): Promise<void> {
    if (performance.now() - this.last < 100) return;
    await setImmediate();
    this.signal.throwIfAborted();
    this.last = performance.now();
  }
}
