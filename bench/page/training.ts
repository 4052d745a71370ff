/** Training steps in the page, for the driver. */
import { wrap } from 'comlink';

/** What a step is made of; structured clones, as they come from the driver. */
export interface TrainingRequest {
  /** Folder of the package; ends in "/". */
  url: string;
  provider: 'wasm' | 'webgpu';
  rank: number;
  targets: string[];
  tokensAtOnce: number;
  rows: { ids: number[]; mask: number[]; answers: { position: number; id: number }[]; imageAt: number }[];
  /** Of every row's image, [tokens · hidden]. */
  features: number[];
}

/** Runs of the step until it is closed. */
export interface TrainingSteps {
  open(request: TrainingRequest): Promise<void>;
  /** @returns seconds of one step */
  step(): Promise<number>;
}

let current: { worker: Worker; steps: TrainingSteps } | undefined;

export const training = {
  async open(request: TrainingRequest): Promise<void> {
    const worker = new Worker(new URL('./training.worker.ts', import.meta.url), { type: 'module' });
    const steps = wrap<TrainingSteps>(worker);
    current = { worker, steps };
    await steps.open(request);
  },
  step(): Promise<number> {
    if (!current) throw new Error('no training is open');
    return current.steps.step();
  },
};
