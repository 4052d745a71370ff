/** The real trainer worker behind the page's client of workers. */
import { expect } from 'vitest';
import type { JobEnd, JobEvent } from '#core/protocol/jobs.ts';
import type { Milestone, PrepareRequest, TrainerJobs, TrainRequest } from '#core/protocol/trainer.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import { packageUrl } from '../engine/model.ts';
import { provider } from '../provided.ts';
import { lora, rows, settings } from './rows.ts';

export interface Ran<Name extends keyof TrainerJobs> {
  end: JobEnd<TrainerJobs[Name]>;
  updates: JobEvent<TrainerJobs[Name]>[];
}

/** What a train job told. */
export interface Trained extends Ran<'train'> {
  losses: number[];
  milestones: Milestone[];
}

export class TrainerClient {
  readonly worker = new WorkerClient<TrainerJobs>({
    name: 'trainer',
    create: () => new Worker(new URL('../../../workers/trainer.worker.ts', import.meta.url), { type: 'module' }),
  });

  /** @param rest in place of the run of rows.ts */
  prepare(rest: Partial<PrepareRequest> = {}): Promise<Ran<'prepare'>> {
    const source = { type: 'url', url: packageUrl('chat') } as const;
    return this.#run('prepare', { source, provider, lora, settings, ...rows, from: undefined, ...rest });
  }

  /** @throws Error where that fails */
  async prepared(rest: Partial<PrepareRequest> = {}): Promise<TrainerJobs['prepare']['result']> {
    const { end } = await this.prepare(rest);
    if (end.type !== 'done') throw new Error(`not prepared: ${JSON.stringify(end)}`);
    return end;
  }

  /** @param onUpdate called at every update, with a function that stops the job */
  async train(
    request: Partial<TrainRequest> & Pick<TrainRequest, 'untilStep'>,
    onUpdate?: (update: JobEvent<TrainerJobs['train']>, stop: () => void) => void,
  ): Promise<Trained> {
    const whole = { from: undefined, measureEvery: 1000, measuredRows: 2, ...request };
    const ran = await this.#run('train', whole, onUpdate);
    return {
      ...ran,
      losses: ran.updates.flatMap((update) => (update.type === 'step' ? [update.result.loss] : [])),
      milestones: ran.updates.flatMap((update) => (update.type === 'milestone' ? [update.milestone] : [])),
    };
  }

  close(): Promise<Ran<'close'>> {
    return this.#run('close', undefined);
  }

  terminate(): void {
    this.worker.end();
  }

  async #run<Name extends keyof TrainerJobs>(
    name: Name,
    request: TrainerJobs[Name]['request'],
    onUpdate?: (update: JobEvent<TrainerJobs[Name]>, stop: () => void) => void,
  ): Promise<Ran<Name>> {
    const updates: JobEvent<TrainerJobs[Name]>[] = [];
    const job = this.worker.start(name, request, (event: JobEvent<TrainerJobs[Name]>) => {
      updates.push(event);
      onUpdate?.(event, () => job.yield());
    });
    const end = await job.ended;
    expect(updates.pop()).toBe(end);
    return { end, updates };
  }
}

export function lastOf(trained: Trained): Milestone {
  const last = trained.milestones.at(-1);
  if (!last) throw new Error(`no milestone: ${JSON.stringify(trained.end)}`);
  return last;
}
