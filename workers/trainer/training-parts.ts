/** What a training is made of. */
import type { TrainingRow } from '#core/lora/training/batch.ts';
import type { LoraLayout } from '#core/lora/training/parameters.ts';
import type { PrepareRequest } from '#core/protocol/trainer.ts';
import type { PackageParts } from '../engine/opened.ts';
import type { TokenTable } from '../engine/training/token-table.ts';
import type { OpenedSessions } from './sessions.ts';

export interface TrainingParts {
  request: PrepareRequest;
  parts: PackageParts;
  layout: LoraLayout;
  table: TokenTable;
  sessions: OpenedSessions;
  trained: readonly TrainingRow[];
  heldOut: readonly TrainingRow[];
  /** The fixed question. */
  prompt: Omit<TrainingRow, 'answers'>;
  /** That the graphs have. */
  positions: number;
}
