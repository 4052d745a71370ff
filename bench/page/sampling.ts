/** The sampling measurement, for the driver. */
import { wrap } from 'comlink';

/** Milliseconds of each round by method. */
export type SamplingTimes = Record<string, number[]>;

export async function measureSampling(vocabulary: number, rounds: number): Promise<SamplingTimes> {
  const worker = new Worker(new URL('./sampling.worker.ts', import.meta.url), { type: 'module' });
  try {
    return await wrap<{ measure(vocabulary: number, rounds: number): Promise<SamplingTimes> }>(worker).measure(
      vocabulary,
      rounds,
    );
  } finally {
    worker.terminate();
  }
}
