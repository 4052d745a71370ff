import { setImmediate } from 'node:timers/promises';
import cliProgress from 'cli-progress';

export interface Progress {
  add(amount: number): void;
  stop(): void;
}

export interface ProgressOptions {
  /** Before the bar: what is being done. */
  label?: string;
  /** What is counted, shown with the amount; `bytes` are shown as MB. Without it the bar shows the share alone. */
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

/** Lets long computations pause ten times a second, so that the bar is drawn and a signal is heard. */
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
