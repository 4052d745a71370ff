/**
 * Runs `work` while no other tab runs work of the same name.
 * @param onWait called if another tab has to end first
 * @throws the signal's reason when aborted while waiting; what `work` throws
 */
export async function exclusively<Value>(
  name: string,
  signal: AbortSignal | undefined,
  onWait: () => void,
  work: () => Promise<Value>,
): Promise<Value> {
  const { locks } = navigator;
  const atOnce = await locks.request(name, { ifAvailable: true }, async (lock) =>
    lock ? { value: await work() } : undefined,
  );
  if (atOnce) return atOnce.value;
  onWait();
  return locks.request(name, signal ? { signal } : {}, work);
}
