import type { Failure } from '#core/failure.ts';
import type { ModelInfo, PackageSource } from '#core/protocol/engine.ts';
import type { WeightsJobs } from '#core/protocol/weights.ts';
import type { RestartReason, WorkerClient } from './worker-client.ts';
import { withToken } from '../platform/access-tokens.svelte.ts';

type Worker = WorkerClient<WeightsJobs>;

/** ‖W‖ of matrices of the open package, each measured once, in a weights worker. */
export class WeightNorms {
  norms = $state.raw<ReadonlyMap<string, number>>(new Map());
  /** 0 … 1 while some are measured. */
  progress = $state<number>();
  failure = $state.raw<Failure>();
  #worker: Worker | undefined;
  #model: ModelInfo | undefined;
  #opened = false;
  #measured: Promise<void> = Promise.resolve();

  /** @param connect starts a separate worker: another lab may have another package open in its own */
  constructor(private readonly connect: (onRestart: (reason: RestartReason) => void) => Worker) {}

  /** Drops all norms: another package is open. */
  forget(): void {
    this.#worker?.end();
    this.#worker = undefined;
    this.#opened = false;
    this.norms = new Map();
    this.failure = undefined;
    this.progress = undefined;
  }

  /** @param names canonical names of parameters */
  measure(model: ModelInfo, source: PackageSource, names: readonly string[]): Promise<void> {
    this.#measured = this.#measured.then(() => this.#measure(model, source, names));
    return this.#measured;
  }

  async #measure(model: ModelInfo, source: PackageSource, names: readonly string[]): Promise<void> {
    if (this.#model !== model) this.forget();
    this.#model = model;
    const missing = names.filter((name) => !this.norms.has(name));
    if (missing.length === 0) return;
    this.failure = undefined;
    this.progress = 0;
    // A new worker has no open package.
    const worker = (this.#worker ??= this.connect(() => (this.#opened = false)));
    if (!this.#opened) await this.#open(worker, source);
    // Another package was opened meanwhile.
    if (this.#worker !== worker) return;
    if (this.#opened) await this.#norms(worker, missing);
    if (this.#worker === worker) this.progress = undefined;
  }

  async #open(worker: Worker, source: PackageSource): Promise<void> {
    const end = await worker.start('open', { type: 'package', source: withToken(source) }).ended;
    if (this.#worker !== worker) return;
    if (end.type === 'done') this.#opened = true;
    else if (end.type === 'failed') this.failure = end.failure;
  }

  async #norms(worker: Worker, names: readonly string[]): Promise<void> {
    const end = await worker.start('norms', names, (event) => {
      if (this.#worker === worker && event.type === 'progress') this.progress = event.done / Math.max(1, event.total);
    }).ended;
    if (this.#worker !== worker) return;
    if (end.type === 'failed') this.failure = end.failure;
    if (end.type === 'done')
      this.norms = new Map([...this.norms, ...end.norms.map(({ name, norm }) => [name, norm] as const)]);
  }
}
