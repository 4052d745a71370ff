/** The adapter of a run as PEFT's files, with a card. */
import { parseConfig } from '#core/gemma3/config.ts';
import { adapterCard } from '#core/lora/training/adapter-card.ts';
import { loraLayout } from '#core/lora/training/parameters.ts';
import { peftFiles } from '#core/lora/training/peft-files.ts';
import { phantomOfSeed } from '../../chat/phantoms.ts';
import type { TrainedAdapter } from '../../chat/adapter/trained-adapter.ts';
import { languageOf } from './data.ts';
import type { Run } from './run.svelte.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/** PEFT's two files of the checkpoint that the run stands at; undefined before there is one. */
export function adapterFilesOf({ plan, checkpoint, prepared }: Run): File[] | undefined {
  if (!checkpoint || !prepared) return undefined;
  const config = parseConfig(plan.model.shape);
  const layout = loraLayout(config.text, plan.lora);
  const files = peftFiles(config, layout, checkpoint.state.parameters, prepared.baseModel);
  return [
    new File([files.config], CONFIG, { type: 'application/json' }),
    new File([new Uint8Array(files.weights)], WEIGHTS),
  ];
}

/** @param language of the card */
export function cardOf(run: Run, language: 'ko' | 'en'): File | undefined {
  const { plan, checkpoint, prepared } = run;
  if (!checkpoint || !prepared) return undefined;
  const text = adapterCard(
    {
      ...{ baseModel: prepared.baseModel, dtype: plan.model.dtype, where: 'browser' },
      data: plan.task === 'own' ? { type: 'own' } : { type: 'task', name: plan.task },
      rows: { trained: plan.trained.length, heldOut: plan.heldOut.length },
      ...{ lora: plan.lora, settings: plan.settings, parameters: prepared.parameters, step: checkpoint.step },
      curve: run.milestones
        .filter(({ step }) => step <= checkpoint.step)
        .map(({ step, trained, heldOut }) => ({ step, loss: trained.loss, heldOut })),
    },
    language,
  );
  return new File([text], 'README.md', { type: 'text/markdown' });
}

/** What the LoRA lab takes. */
export function trainedAdapterOf(run: Run): TrainedAdapter | undefined {
  const files = adapterFilesOf(run);
  if (!files) return undefined;
  const { name, fixed, language } = run.plan;
  const { question, answer, image } = fixed;
  return {
    ...{ name, files },
    wished: { question, answer, language: language ?? languageOf(fixed) },
    image:
      image?.type === 'phantom'
        ? phantomOfSeed(image.seed)
        : image && new File(image.blob instanceof Blob ? [image.blob] : [], image.name),
  };
}
