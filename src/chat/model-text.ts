import type { ModelInfo, RuntimeInfo } from '#core/protocol/engine.ts';
import type { TurnStats } from '#core/protocol/stats.ts';
import { defaultContextLength } from './settings.svelte.ts';

// What texts about a model depend on. The rules are apart from the components, so that they are tested without a page.

/** True on a real GPU; false on the CPU and on a software adapter, which runs on the CPU. */
export function runsOnGpu({ provider, adapter }: Pick<RuntimeInfo, 'provider' | 'adapter'>): boolean {
  return provider === 'webgpu' && adapter?.isFallback !== true;
}

/** True if the visitor chose a longer context than the model has. The default is no choice. */
export function chosenContextWasCut(asked: number | undefined, { contextLength }: Pick<ModelInfo, 'contextLength'>) {
  return asked !== undefined && asked !== defaultContextLength && asked > contextLength;
}

/** The text in place of the chart of decode speed while it has no line. */
export function emptyChartText(turn: Pick<TurnStats, 'newTokens'> | undefined, isGenerating: boolean) {
  return turn !== undefined && turn.newTokens > 0 && !isGenerating ? 'stats.chart.short' : 'stats.chart.empty';
}
