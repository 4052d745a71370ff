import type { MemoryPlan } from '#core/budget/memory-plan.ts';
import type { CpuPurpose, EnginePhase, Stats } from '#core/protocol/stats.ts';
import { GPU_PURPOSES, type GpuPurpose } from '#core/budget/gpu-purpose.ts';

/** Memory at one moment, in bytes. Undefined is what does not apply to the device, or what the browser does not report. */
export interface MemorySample {
  /** Of the engine's work since the package began to open: the time between two jobs does not count. */
  seconds: number;
  /** What the engine did since the sample before. */
  phase: EnginePhase | undefined;
  gpu: Readonly<Record<GpuPurpose, number>> | undefined;
  /** The most since the sample before, by purpose and of all together. */
  gpuPeak: { total: number; byPurpose: Readonly<Record<GpuPurpose, number>> } | undefined;
  cpu: Readonly<Record<CpuPurpose, number>> | undefined;
  /** Of the KV cache, what holds tokens, and how many. */
  kvFilled: number | undefined;
  contextUsed: number;
  wasmHeap: number | undefined;
  workerHeap: number | undefined;
  pageHeap: number | undefined;
  /** What this page keeps in the browser's storage. */
  storage: number | undefined;
}

/** More are thinned out. */
const MOST_SAMPLES = 600;
const STORAGE_MILLISECONDS = 5000;

/** Where the memory of an engine went, from the opening of a package on. */
export class MemoryHistory {
  samples = $state.raw<readonly MemorySample[]>([]);
  /** What the planner says; undefined on the CPU, for an unknown dtype, and before a package's configuration is read. */
  plan = $state.raw<MemoryPlan>();
  #worker: { busy: number; offset: number } | undefined;
  #storage: { at: number; bytes: number | undefined } | undefined;

  /** @param storageUsed bytes that this page keeps in the browser's storage; never rejects */
  constructor(private readonly storageUsed: () => Promise<number | undefined>) {}

  clear(): void {
    this.samples = [];
    this.plan = undefined;
    this.#worker = undefined;
  }

  /** @param pageHeap bytes; undefined if the browser does not report it */
  add({ busyMilliseconds, phase, contextUsed, memory }: Stats, pageHeap: number | undefined): void {
    this.#lookAtStorage();
    const last = this.samples.at(-1);
    // Another worker begins from 0.
    if (!this.#worker || busyMilliseconds < this.#worker.busy)
      this.#worker = { busy: 0, offset: (last?.seconds ?? 0) - busyMilliseconds / 1000 };
    this.#worker.busy = busyMilliseconds;
    const { gpu, gpuPeak, cpu, kvFilled, jsHeap, wasmHeap } = memory;
    const sample: MemorySample = {
      seconds: this.#worker.offset + busyMilliseconds / 1000,
      ...{ phase, contextUsed, gpuPeak, pageHeap },
      gpu: gpu && {
        ...{ weights: gpu.weights.bytes, vision: gpu.vision.bytes, lora: gpu.lora.bytes },
        ...{ kv: gpu.kv.bytes, images: gpu.images.bytes, scratch: gpu.scratch.bytes },
      },
      cpu: cpu && { weights: cpu.weights.bytes, kv: cpu.kv.bytes },
      kvFilled: kvFilled?.bytes,
      wasmHeap: wasmHeap?.bytes,
      workerHeap: jsHeap?.bytes,
      storage: this.#storage?.bytes,
    };
    const samples = [...this.samples, sample];
    this.samples = samples.length > MOST_SAMPLES ? thinned(samples) : samples;
  }

  /** Asks at most every few seconds; the next sample has the answer. */
  #lookAtStorage(): void {
    const now = performance.now();
    if (this.#storage && now - this.#storage.at < STORAGE_MILLISECONDS) return;
    this.#storage = { at: now, bytes: this.#storage?.bytes };
    void this.storageUsed().then((bytes) => (this.#storage = { at: now, bytes }));
  }
}

/** Half of the samples, without those that end a phase: two of one phase become the second, with the peaks of both. */
export function thinned(samples: readonly MemorySample[]): MemorySample[] {
  const kept: MemorySample[] = [];
  let before: MemorySample | undefined;
  for (const [index, sample] of samples.entries()) {
    const merged = before ? { ...sample, gpuPeak: larger(before.gpuPeak, sample.gpuPeak) } : sample;
    const endsPhase = samples[index + 1]?.phase !== sample.phase;
    if (before === undefined && !endsPhase) before = sample;
    else {
      kept.push(merged);
      before = undefined;
    }
  }
  return kept;
}

function larger(a: MemorySample['gpuPeak'], b: MemorySample['gpuPeak']): MemorySample['gpuPeak'] {
  if (!a || !b) return a ?? b;
  const byPurpose = { ...a.byPurpose };
  for (const purpose of GPU_PURPOSES) byPurpose[purpose] = Math.max(a.byPurpose[purpose], b.byPurpose[purpose]);
  return { total: Math.max(a.total, b.total), byPurpose };
}
