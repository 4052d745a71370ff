/** The jobs of the trainer worker. */
import { FailureError } from '#core/failure.ts';
import type { TrainerJobs } from '#core/protocol/trainer.ts';
import { Backends } from '../engine/runtime/backends.ts';
import type { Handlers } from '../jobs/serve.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import { prepare } from './prepare.ts';
import type { Training } from './training.ts';

export class Trainer {
  #training: Training | undefined;
  readonly #backends = new Backends();

  readonly handlers: Handlers<TrainerJobs> = {
    prepare: {
      mode: 'exclusive',
      run: async (request, job) => {
        await this.#close();
        this.#training = await prepare(request, job, this.#backends);
        return this.#training.prepared;
      },
    },
    train: { mode: 'exclusive', run: (request, job) => this.#train(request, job) },
    close: {
      mode: 'exclusive',
      run: async () => {
        await this.#close();
        return {};
      },
    },
  };

  async #train(
    request: TrainerJobs['train']['request'],
    job: RunningJob<TrainerJobs['train']>,
  ): Promise<TrainerJobs['train']['result']> {
    if (!this.#training) throw new FailureError('no-model');
    try {
      return await this.#training.train(request, job);
    } catch (error) {
      // What failed in a session may have left it broken; what was stopped goes on later.
      if (error !== job.signal.reason) await this.#close().catch(() => undefined);
      throw error;
    }
  }

  async #close(): Promise<void> {
    const training = this.#training;
    this.#training = undefined;
    await training?.release();
  }
}
