import type { Bandwidth } from '#core/protocol/bench.ts';
import type { Failure } from '#core/failure.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { AdapterReport, MemoryProbe, NoAdapter, PackageSize, PreflightJobs } from '#core/protocol/preflight.ts';
import { probeLimit } from '#core/budget/adapter-kind.ts';
import preflightUrl from '../../workers/preflight.worker.ts?worker&url';
import { withToken } from '../platform/access-tokens.svelte.ts';
import { machineState, type MachineState } from '../platform/machine-state.ts';
import { WorkerClient, workerUnderPolicy, type StartedJob } from './worker-client.ts';

function newWorker(): WorkerClient<PreflightJobs> {
  return new WorkerClient({ name: 'preflight', create: () => workerUnderPolicy(preflightUrl) });
}

/** What is known of this machine before a model is downloaded. */
class Preflight {
  /** Undefined until `look` has ended. */
  adapter = $state.raw<AdapterReport | NoAdapter>();
  machine = $state.raw<MachineState>();
  probe = $state.raw<MemoryProbe>();
  bandwidth = $state.raw<Bandwidth>();
  /** Bytes that the running probe holds; undefined while none runs. */
  probing = $state<number>();
  failure = $state.raw<Failure>();
  readonly #worker = newWorker();
  #looking: Promise<void> | undefined;
  #job: Pick<StartedJob<PreflightJobs['probe']>, 'stop'> | undefined;
  #stopped = false;

  /** Reads what costs nothing: the adapter, power, storage, network. Once; a failure is kept. */
  look(): Promise<void> {
    this.#looking ??= this.#look();
    return this.#looking;
  }

  async #look(): Promise<void> {
    const started = this.#worker.start('adapter', undefined);
    this.machine = await machineState();
    const end = await started.ended;
    if (end.type === 'done') this.adapter = end.adapter;
    else if (end.type === 'failed') this.failure = end.failure;
    // Its device may hold memory until the worker ends.
    this.#worker.end();
  }

  /** The GPU, where there is one. */
  get report(): AdapterReport | undefined {
    return typeof this.adapter === 'object' ? this.adapter : undefined;
  }

  /** Allocates memory on the GPU until the plan and some room would fit, and measures how fast it is read. */
  async measure(neededBytes: number): Promise<void> {
    if (this.probing !== undefined) return;
    this.probing = 0;
    this.#stopped = false;
    this.failure = undefined;
    try {
      await this.look();
      const { report } = this;
      if (!report) return;
      const atMostBytes = probeLimit(report.kind, neededBytes, navigator.deviceMemory);
      let reached = 0;
      const job = this.#worker.start('probe', { atMostBytes }, (event) => {
        if (event.type === 'progress') this.probing = reached = event.bytes;
      });
      this.#job = job;
      const end = await job.ended;
      if (end.type === 'done') this.probe = end.probe;
      else if (end.type === 'failed') this.failure = end.failure;
      // The worker did not answer and was ended.
      else this.probe = { bytes: reached, end: 'stopped' };
      if (this.#stopped || end.type !== 'done' || end.probe.end === 'lost') return;
      const measured = await this.#worker.start('bandwidth', undefined).ended;
      if (measured.type === 'done') this.bandwidth = measured.bandwidth;
      else if (measured.type === 'failed') this.failure = measured.failure;
    } finally {
      this.#job = undefined;
      this.probing = undefined;
      this.#worker.end();
    }
  }

  /** How large a package is. @throws FailureError as `readPackage` */
  async sizeOf(source: PackageSource): Promise<PackageSize> {
    // A worker of its own: a probe ends the other one.
    const worker = newWorker();
    try {
      return (await worker.ask('packageSize', withToken(source))).size;
    } finally {
      worker.end();
    }
  }

  /** Ends the probe; what it reached is kept. */
  stop(): void {
    this.#stopped = true;
    this.#job?.stop();
  }
}

export const preflight = new Preflight();
