import type { ModelInfo, RuntimeInfo } from '#core/protocol/engine.ts';
import type { Teaches } from '#core/protocol/manifest.ts';
import { runsOnGpu } from '../../chat/model-text.ts';

type Described = Pick<ModelInfo, 'randomWeights'> & { runtime: Pick<RuntimeInfo, 'provider' | 'adapter'> };

/** Title and lead of the empty chat: they promise no more than the open model keeps. `model` is undefined if none is open. */
export function welcomeOf(model: Described | undefined, teaches: Teaches | undefined) {
  if (model?.randomWeights) return { title: 'welcome.random.title', lead: 'welcome.random.lead' } as const;
  if (teaches) return { title: 'welcome.teaching.title', lead: 'welcome.teaching.lead' } as const;
  const lead = !model ? 'welcome.lead' : runsOnGpu(model.runtime) ? 'welcome.lead.gpu' : 'welcome.lead.cpu';
  return { title: 'welcome.title', lead } as const;
}
