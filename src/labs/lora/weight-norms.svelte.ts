import type { JobId, ModelInfo, PackageSource } from '#core/protocol/engine.ts';
import type { Failure } from '#core/failure.ts';
import type { NormsEvent, WeightsApi, WeightsOpenEvent } from '#core/protocol/weights.ts';
import type { WorkerClient } from '../../workers/worker-client.ts';

/** ‖W‖ of matrices of the open package, each measured once, in the worker that looks into weights. */
export class WeightNorms {
  norms = $state.raw<ReadonlyMap<string, number>>(new Map());
  /** 0 … 1 while some are measured. */
  progress = $state<number>();
  failure = $state.raw<Failure>();
  #link: WorkerClient<WeightsApi, Failure> | undefined;
  #model: ModelInfo | undefined;
  #opened = false;
  #measured: Promise<void> = Promise.resolve();

  /** @param connect a link of our own: another lab may have a package open in its */
  constructor(private readonly connect: () => WorkerClient<WeightsApi, Failure>) {}

  /** What was measured belongs to another package. */
  forget(): void {
    this.#link?.discard({ code: 'runtime', detail: { reason: 'another package' } });
    this.#link = undefined;
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
    const link = (this.#link ??= this.connect());
    if (!this.#opened) await this.#open(link, source);
    // Another package was opened meanwhile.
    if (this.#link !== link) return;
    if (this.#opened) await this.#norms(link, missing);
    if (this.#link === link) this.progress = undefined;
  }

  async #open(link: WorkerClient<WeightsApi, Failure>, source: PackageSource): Promise<void> {
    const job: JobId = link.newJob();
    await link.run<WeightsOpenEvent>(
      job,
      (api, on) => api.open(job, { type: 'package', source }, on),
      (event) => {
        if (this.#link !== link) return;
        if (event.type === 'done') this.#opened = true;
        else if (event.type === 'failed') this.failure = event.failure;
      },
    );
  }

  async #norms(link: WorkerClient<WeightsApi, Failure>, names: readonly string[]): Promise<void> {
    const job: JobId = link.newJob();
    await link.run<NormsEvent>(
      job,
      (api, on) => api.norms(job, names, on),
      (event) => {
        if (this.#link !== link) return;
        if (event.type === 'progress') this.progress = event.total > 0 ? event.done / event.total : 0;
        else if (event.type === 'failed') this.failure = event.failure;
        else this.norms = new Map([...this.norms, ...event.norms.map(({ name, norm }) => [name, norm] as const)]);
      },
    );
  }
}
