/** What the browser says about power, storage and the network; each undefined where it does not say. */

export interface MachineState {
  power: { isCharging: boolean; level: number } | undefined;
  storage: { freeBytes: number; isPersisted: boolean } | undefined;
  network: NetworkRate | undefined;
}

export interface NetworkRate {
  bytesPerSecond: number;
  /** measured: from a file that this page loaded · estimated: by the browser, rounded */
  how: 'measured' | 'estimated';
}

export async function machineState(): Promise<MachineState> {
  const [power, storage] = await Promise.all([powerState(), storageState()]);
  return { power, storage, network: networkRate() };
}

async function powerState(): Promise<MachineState['power']> {
  try {
    const battery = await navigator.getBattery?.();
    // Machines without a battery report a full one that charges.
    return battery && { isCharging: battery.charging, level: battery.level };
  } catch {
    // A policy of the site that embeds the page may forbid it.
    return undefined;
  }
}

async function storageState(): Promise<MachineState['storage']> {
  // Missing where the page is not served over HTTPS.
  const storage: StorageManager | undefined = navigator.storage;
  if (!storage) return undefined;
  try {
    const [{ quota, usage = 0 }, isPersisted] = await Promise.all([storage.estimate(), storage.persisted()]);
    return quota === undefined ? undefined : { freeBytes: Math.max(0, quota - usage), isPersisted };
  } catch {
    return undefined;
  }
}

/** A file shorter than this says more about the delay than about the rate. */
const LEAST_BYTES = 500_000;

function networkRate(): NetworkRate | undefined {
  const rates = performance.getEntriesByType('resource').flatMap((entry) => {
    if (!(entry instanceof PerformanceResourceTiming)) return [];
    const { transferSize, responseStart, responseEnd } = entry;
    const seconds = (responseEnd - responseStart) / 1000;
    return transferSize >= LEAST_BYTES && seconds > 0 ? [transferSize / seconds] : [];
  });
  if (rates.length > 0) return { bytesPerSecond: Math.max(...rates), how: 'measured' };
  const { downlink } = navigator.connection ?? {};
  // Megabits a second; 10 is as much as browsers admit.
  return downlink === undefined || downlink <= 0 ? undefined : { bytesPerSecond: downlink * 125_000, how: 'estimated' };
}
