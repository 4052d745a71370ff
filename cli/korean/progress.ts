import { setImmediate } from 'node:timers/promises';
import cliProgress from 'cli-progress';

export interface Progress {
  add(amount: number): void;
  stop(): void;
}

/** A bar with time left on a terminal, a line every few seconds elsewhere. Writes to stderr. */
export function progressBar(what: string, total: number): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: `${what} [{bar}] {percentage}% | {eta_formatted} left`,
      etaBuffer: 200,
      hideCursor: true,
      noTTYOutput: true,
      notTTYSchedule: 2000,
    },
    cliProgress.Presets.legacy,
  );
  bar.start(total, 0);
  return { add: (amount) => bar.increment(amount), stop: () => bar.stop() };
}

/** Lets long work stop for a moment now and then: the bar draws itself between two tasks. */
export class Pause {
  private last = performance.now();

  async ifDue(): Promise<void> {
    if (performance.now() - this.last < 100) return;
    await setImmediate();
    this.last = performance.now();
  }
}
