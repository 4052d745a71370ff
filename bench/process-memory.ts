/** Resident memory of a browser's processes. Linux only. */
import { readFile } from 'node:fs/promises';
import { descendants } from './worker-time.ts';

const SAMPLE_MILLISECONDS = 500;

/** Bytes by process type: browser, renderer, gpu-process, network. Those of one type are added up. */
export type ProcessBytes = ReadonlyMap<string, number>;

export class ProcessMemory {
  readonly #profile: string;
  #peak = new Map<string, number>();
  #isOn = true;

  /** @param profile folder of the browser's profile, by which its processes are found; `stop` ends the sampling */
  constructor(profile: string) {
    this.#profile = profile;
    void this.#sample();
  }

  /** The largest values since the last call, each for itself. */
  take(): ProcessBytes {
    const peak = this.#peak;
    this.#peak = new Map();
    return peak;
  }

  async now(): Promise<ProcessBytes> {
    const bytes = new Map<string, number>();
    for (const id of await descendants(this.#profile)) {
      const [command, status] = await Promise.all(
        ['cmdline', 'status'].map((name) => readFile(`/proc/${id}/${name}`, 'utf8').catch(() => '')),
      );
      const type =
        /--utility-sub-type=([a-z]+)/.exec(command ?? '')?.[1] ??
        /--type=([a-z-]+)/.exec(command ?? '')?.[1] ??
        'browser';
      const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status ?? '')?.[1] ?? 0);
      bytes.set(type, (bytes.get(type) ?? 0) + kilobytes * 1024);
    }
    return bytes;
  }

  stop(): void {
    this.#isOn = false;
  }

  async #sample(): Promise<void> {
    while (this.#isOn) {
      for (const [type, bytes] of await this.now()) this.#peak.set(type, Math.max(bytes, this.#peak.get(type) ?? 0));
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MILLISECONDS));
    }
  }
}
