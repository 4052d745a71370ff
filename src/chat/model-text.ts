import type { ModelInfo, RuntimeInfo, TurnStats } from '#core/protocol/engine.ts';
import type { Teaches } from '#core/protocol/manifest.ts';
import { defaultContextLength } from './settings.svelte.ts';

/** What texts about a model depend on. The rule for each text is here, so that it can be tested without a page. */
type Described = Pick<ModelInfo, 'randomWeights'> & { runtime: Pick<RuntimeInfo, 'provider' | 'adapter'> };

/** True on a real GPU; false on the CPU and on a software adapter, which is the CPU too. */
export function runsOnGpu({ runtime }: Pick<Described, 'runtime'>): boolean {
  return runtime.provider === 'webgpu' && runtime.adapter?.isFallback !== true;
}

/** Title and lead of the empty chat: they promise no more than the open model keeps. `model` is undefined if none is open. */
export function welcomeOf(model: Described | undefined, teaches: Teaches | undefined) {
  if (model?.randomWeights) return { title: 'welcome.random.title', lead: 'welcome.random.lead' } as const;
  if (teaches) return { title: 'welcome.teaching.title', lead: 'welcome.teaching.lead' } as const;
  const lead = !model ? 'welcome.lead' : runsOnGpu(model) ? 'welcome.lead.gpu' : 'welcome.lead.cpu';
  return { title: 'welcome.title', lead } as const;
}

/** True if the visitor chose a longer context than the model has. The default is no choice. */
export function chosenContextWasCut(asked: number | undefined, { contextLength }: Pick<ModelInfo, 'contextLength'>) {
  return asked !== undefined && asked !== defaultContextLength && asked > contextLength;
}

/** What stands in place of the chart of decode speed while it has no line. */
export function emptyChartText(turn: Pick<TurnStats, 'newTokens'> | undefined, isGenerating: boolean) {
  return turn !== undefined && turn.newTokens > 0 && !isGenerating ? 'stats.chart.short' : 'stats.chart.empty';
}

/** Why a measured speed is not that of MedGemma 4B; undefined where it may be. */
export function speedCaution(model: Pick<ModelInfo, 'randomWeights' | 'teaches'>) {
  if (model.randomWeights) return 'tokenizer.cost.speed.random';
  return model.teaches ? 'tokenizer.cost.speed.teaching' : undefined;
}
