/**
 * Runs a part of the work of opening, and leaves an entry of its name in the worker's performance timeline, which browsers'
 * tools show and `bench/first-token.ts` reads. For what happens a few times an open, not for every token.
 */
export async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    performance.measure(name, { start, end: performance.now() });
  }
}
