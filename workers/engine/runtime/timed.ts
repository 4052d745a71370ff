/**
 * Runs a step of opening a model and adds an entry `name` to the worker's performance timeline, which browsers' tools show
 * and `bench/first-token.ts` reads. For steps that run a few times per open, not for every token.
 */
export async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    performance.measure(name, { start, end: performance.now() });
  }
}
