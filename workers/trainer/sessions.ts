/** The sessions of a training. A GPU trains only after it computed a step as the CPU does. */
import { relativeStepError, stepsAgree } from '#core/lora/training/agreement.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import type { LoraLayout } from '#core/lora/training/parameters.ts';
import type { PreparedTraining } from '#core/protocol/trainer.ts';
import type { Backend } from '../engine/model/backend.ts';
import type { ModelPackage } from '../engine/model/package.ts';
import { openTraining, type TrainingModels, type TrainingSessions } from '../engine/training/open-training.ts';
import type { TokenTable } from '../engine/training/token-table.ts';

export interface SessionsInput {
  /** The one that is asked for, and the CPU, which may be the same. */
  backend: Backend;
  cpu: Backend;
  pack: ModelPackage;
  models: TrainingModels;
  layout: LoraLayout;
  table: TokenTable;
  trained: readonly TrainingRow[];
  /** Called after each session that stays. */
  onOpened: () => void;
}

export interface OpenedSessions extends TrainingSessions {
  backend: Backend;
  cpuReason: PreparedTraining['cpuReason'];
}

/** @throws FailureError as `openGraph`; no session is left then */
export async function openSessions(input: SessionsInput): Promise<OpenedSessions> {
  const { backend, cpu, pack, models, onOpened } = input;
  if (backend.gpu) {
    const onGpu = await openTraining(backend, pack, models, true, onOpened);
    try {
      if (await isRight(onGpu, input)) return { ...onGpu, backend, cpuReason: undefined };
    } catch (error) {
      await onGpu.release().catch(() => undefined);
      throw error;
    }
    await onGpu.release();
  }
  const sessions = await openTraining(cpu, pack, models, true, onOpened);
  return { ...sessions, backend: cpu, cpuReason: backend.gpu ? 'gpu-differs' : backend.info.cpuReason };
}

/** Of the shortest row, so that the check is short. */
async function isRight(onGpu: TrainingSessions, input: SessionsInput): Promise<boolean> {
  const { cpu, pack, models, layout, table, trained } = input;
  const row = trained.reduce((a, b) => (b.ids.length < a.ids.length ? b : a));
  const onCpu = await openTraining(cpu, pack, models, false);
  try {
    return stepsAgree(await relativeStepError(onGpu.train, onCpu.train, layout, table, row));
  } finally {
    await onCpu.release();
  }
}
