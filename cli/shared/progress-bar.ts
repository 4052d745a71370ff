import cliProgress from 'cli-progress';

export interface Progress {
  add(bytes: number): void;
  stop(): void;
}

/** A bar with bytes and time left on a terminal, a line every few seconds elsewhere. Writes to stderr. */
export function progressBar(totalBytes: number): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: '[{bar}] {percentage}% | {value} of {total} MB | {eta_formatted} left',
      formatValue: (value, options, type) =>
        type === 'value' || type === 'total'
          ? (value / 1e6).toFixed(1)
          : cliProgress.Format.ValueFormat(value, options, type),
      etaBuffer: 200,
      hideCursor: true,
      noTTYOutput: true,
      notTTYSchedule: 2000,
    },
    cliProgress.Presets.legacy,
  );
  bar.start(totalBytes, 0);
  return { add: (bytes) => bar.increment(bytes), stop: () => bar.stop() };
}
