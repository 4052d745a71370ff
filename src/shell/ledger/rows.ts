/** The figures of the memory dialog, from the history of an engine and its plan. */
import { valueOf } from '#core/budget/expression.ts';
import { GPU_PURPOSES, type GpuPurpose } from '#core/budget/gpu-purpose.ts';
import type { PlannedFigure } from '#core/budget/inference-plan.ts';
import type { MemoryPlan } from '#core/budget/memory-plan.ts';
import type { EnginePhase } from '#core/protocol/stats.ts';
import type { MemorySample } from '../../workers/memory-history.svelte.ts';

export interface MemoryRow {
  purpose: GpuPurpose;
  /** Bytes. */
  now: number;
  peak: number;
  planned: PlannedFigure<GpuPurpose> | undefined;
}

/** What occurs or was planned; empty on the CPU. */
export function memoryRows(samples: readonly MemorySample[], plan: MemoryPlan | undefined): MemoryRow[] {
  const gpu = samples.at(-1)?.gpu;
  if (!gpu) return [];
  return GPU_PURPOSES.flatMap((purpose) => {
    const planned = plan?.figures.find((figure) => figure.purpose === purpose);
    const row = { purpose, now: gpu[purpose], peak: peakOf(samples, purpose), planned };
    return planned || row.peak > 0 ? [row] : [];
  });
}

function peakOf(samples: readonly MemorySample[], purpose: GpuPurpose): number {
  return samples.reduce((most, { gpuPeak }) => Math.max(most, gpuPeak?.byPurpose[purpose] ?? 0), 0);
}

/** Of all purposes together, in bytes. */
export function totalPeak(samples: readonly MemorySample[]): number {
  return samples.reduce((most, { gpuPeak }) => Math.max(most, gpuPeak?.total ?? 0), 0);
}

/** The purposes whose bytes follow from the shape of the model: now, and as planned. Undefined where none was planned. */
export function fixedByShape(rows: readonly MemoryRow[]): { now: number; planned: number } | undefined {
  const exact = rows.flatMap(({ now, planned }) => (planned?.how === 'exact' ? [{ now, planned: planned.bytes }] : []));
  if (exact.length === 0) return undefined;
  return {
    now: exact.reduce((sum, row) => sum + row.now, 0),
    planned: exact.reduce((sum, row) => sum + valueOf(row.planned), 0),
  };
}

/** How much more is counted than was planned, as a fraction of the plan. */
export function differenceOf(counted: number, planned: number): number {
  return planned === 0 ? 0 : counted / planned - 1;
}

/** Bytes that each token of the last answer added to the KV cache; undefined where there was none. */
export function kvGrowth(samples: readonly MemorySample[]): number | undefined {
  const end = samples.findLastIndex(({ phase }) => phase === 'decode');
  if (end < 0) return undefined;
  const begin = samples.findLastIndex(({ phase }, index) => index < end && phase !== 'decode');
  // The sample that ended the phase before is where decoding began.
  const [first, last] = [samples[Math.max(0, begin)], samples[end]];
  if (first?.kvFilled === undefined || last?.kvFilled === undefined) return undefined;
  const tokens = last.contextUsed - first.contextUsed;
  return tokens > 0 ? (last.kvFilled - first.kvFilled) / tokens : undefined;
}

/** A stretch of one phase. */
export interface PhaseSpan {
  phase: EnginePhase;
  /** Seconds of the engine's work. */
  from: number;
  to: number;
  /** Bytes: GPU buffers, on the CPU the WebAssembly memory; undefined where the browser does not report it. */
  peak: number | undefined;
}

export function phaseSpans(samples: readonly MemorySample[]): PhaseSpan[] {
  const spans: PhaseSpan[] = [];
  let from = samples[0]?.seconds ?? 0;
  for (const { phase, seconds, gpuPeak, wasmHeap } of samples) {
    const used = gpuPeak?.total ?? wasmHeap;
    const last = spans.at(-1);
    if (phase && last?.phase === phase) {
      last.to = seconds;
      if (used !== undefined) last.peak = Math.max(last.peak ?? 0, used);
    } else if (phase) spans.push({ phase, from, to: seconds, peak: used });
    from = seconds;
  }
  return spans;
}
