import type { LabFailure } from '#core/protocol/tokenizer-lab.ts';
import type { LessonsApi } from '#core/protocol/tokenizer-lessons.ts';
import workerUrl from '../../workers/lessons.worker.ts?worker&url';
import { WorkerLink } from './worker-link.ts';

/** A worker apart from the one that follows the typing: what runs here may take seconds, and is cancelled by ending it. */
export class LessonsLink extends WorkerLink<LessonsApi, LabFailure> {
  constructor() {
    super(workerUrl, (reason) => ({ code: 'worker', detail: { reason } }));
  }
}
