/** Whether a tab can hold a training, before its weights are fetched. */
import { WASM_BYTES } from '#core/budget/lora-in-page.ts';
import { pageTrainingBytes } from '#core/budget/page-training.ts';
import type { TrainingSettings } from '#core/lora/training/trainer.ts';
import { initializerBytes } from '../engine/model/weight-bytes.ts';
import type { ModelPackage } from '../engine/model/package.ts';
import type { TrainingModels } from '../engine/training/open-training.ts';
import { embeddingModel } from '../engine/training/token-table.ts';
import { refused } from './refused.ts';
import type { EncodedTexts } from './texts.ts';

/** Reads graphs and no weights. @returns bytes that it takes at least @throws FailureError `training-refused` */
export async function checkMemory(
  pack: ModelPackage,
  { training, measuring }: TrainingModels,
  { trained, heldOut, longest }: EncodedTexts,
  { tokensAtOnce, batchRows }: Pick<TrainingSettings, 'tokensAtOnce' | 'batchRows'>,
  hasImages: boolean,
): Promise<number> {
  const rows = [...trained, ...heldOut];
  const tokens = Math.min(Math.max(longest, tokensAtOnce), longest * Math.max(batchRows, heldOut.length));
  const share = rows.reduce((most, { ids, answers }) => Math.max(most, answers.length / ids.length), 0);
  const bytes = pageTrainingBytes({
    config: pack.config,
    weights: {
      training: initializerBytes(training),
      measuring: initializerBytes(measuring),
      embedding: initializerBytes(await embeddingModel(pack)),
      vision: hasImages && pack.vision ? initializerBytes(await pack.vision.read()) : 0,
    },
    ...{ tokens, longest, answers: share * tokens },
  });
  if (bytes > WASM_BYTES)
    throw refused('memory', { name: pack.manifest?.name ?? pack.reader.name, bytes, limit: WASM_BYTES });
  return bytes;
}
