/** The memory history of a model as a file: names and units are the same in both languages, for programs that read it. */
import { symbolic, valueOf } from '#core/budget/expression.ts';
import { GPU_PURPOSES } from '#core/budget/gpu-purpose.ts';
import type { MemoryPlan } from '#core/budget/memory-plan.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { csv } from '../../platform/csv.ts';
import type { MemorySample } from '../../workers/memory-history.svelte.ts';

const COLUMNS = [
  'seconds',
  'phase',
  ...GPU_PURPOSES.map((purpose) => `gpu_${purpose}_bytes`),
  'gpu_peak_bytes',
  'kv_filled_bytes',
  'context_tokens',
  'cpu_weights_bytes',
  'cpu_kv_bytes',
  'wasm_heap_bytes',
  'worker_js_heap_bytes',
  'page_js_heap_bytes',
  'storage_bytes',
];

/** A row for each sample; a cell is empty where a figure does not apply or is not reported. */
export function memoryCsv(samples: readonly MemorySample[]): string {
  const rows = samples.map((sample) => [
    Number(sample.seconds.toFixed(3)),
    sample.phase ?? '',
    ...GPU_PURPOSES.map((purpose) => sample.gpu?.[purpose] ?? ''),
    sample.gpuPeak?.total ?? '',
    sample.kvFilled ?? '',
    sample.contextUsed,
    sample.cpu?.weights ?? '',
    sample.cpu?.kv ?? '',
    sample.wasmHeap ?? '',
    sample.workerHeap ?? '',
    sample.pageHeap ?? '',
    sample.storage ?? '',
  ]);
  return csv([COLUMNS, ...rows]);
}

/** With the plan and its formulas. @param model undefined where it did not open */
export function memoryJson(
  samples: readonly MemorySample[],
  plan: MemoryPlan | undefined,
  model: ModelInfo | undefined,
): string {
  const planned = plan?.figures.map(({ purpose, bytes, how }) => ({
    ...{ purpose, bytes: valueOf(bytes), how },
    formula: symbolic(bytes),
  }));
  const about = model && {
    ...{ name: model.name, dtype: model.dtype, contextLength: model.contextLength },
    runtime: model.runtime,
  };
  return `${JSON.stringify({ unit: 'bytes', model: about, planned, samples }, undefined, 1)}\n`;
}
