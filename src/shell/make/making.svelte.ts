/** Making a package from a checkpoint. It goes on while the dialog is closed, and after a reload from the list of stored models. */
import type { Failure } from '#core/failure.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type {
  CheckpointSource,
  MadeFiles,
  MakeFacts,
  MakeOptions,
  MakeProgress,
  MakeRequest,
} from '#core/protocol/maker.ts';
import type { Making } from '#core/protocol/making.ts';
import type { JobEnd, JobContract } from '#core/protocol/jobs.ts';
import type { SelfTest } from '#core/self-test/expected.ts';
import { withToken } from '../../platform/access-tokens.svelte.ts';
import type { FolderSource } from '../../platform/package-folder.ts';
import { keepStorage } from '../../platform/persistent-storage.ts';
import { EngineWorker } from '../../workers/engine-worker.ts';
import { MakerWorker } from '../../workers/maker-worker.ts';
import { StoreWorker } from '../../workers/store-worker.ts';

export type Phase = 'idle' | 'inspecting' | 'inspected' | 'making' | 'testing' | 'paused' | 'done';

/** A finished package. `untested`: why it has no self-test. */
export interface Made {
  /** In the store. */
  id: string;
  source: PackageSource;
  name: string;
  comparison: MadeFiles['comparison'];
  warnings: readonly string[];
  untested: Failure | undefined;
}

class PackageMaking {
  phase = $state<Phase>('idle');
  facts = $state.raw<MakeFacts>();
  progress = $state.raw<MakeProgress>();
  /** Bytes of the package a second since the work began or went on; undefined before there is something to tell. */
  rate = $state<number>();
  failure = $state.raw<Failure>();
  made = $state.raw<Made>();
  request = $state.raw<MakeRequest>();
  /** An adapter for the LoRA lab, applied to the finished model when it is opened. */
  beside = $state.raw<FolderSource>();
  /** It was handed to the lab. */
  isBeside = $state(false);
  readonly #maker = new MakerWorker();
  readonly #store = new StoreWorker();
  #stop: (() => void) | undefined;

  get isBusy(): boolean {
    return this.phase === 'making' || this.phase === 'testing' || this.phase === 'inspecting';
  }

  /** Looks at a checkpoint. @param source without a token: that of its host is added */
  async inspect(source: CheckpointSource, options: MakeOptions, beside: FolderSource | undefined): Promise<void> {
    if (this.isBusy) return;
    Object.assign(this, {
      facts: undefined,
      failure: undefined,
      made: undefined,
      progress: undefined,
      isBeside: false,
    });
    this.phase = 'inspecting';
    this.request = { source, options };
    this.beside = beside;
    const job = this.#maker.start('inspect', { source: withToken(source), options });
    this.#stop = () => job.stop();
    const end = await job.ended;
    if (end.type === 'done') this.facts = end.facts;
    this.#settle(end, end.type === 'done' ? 'inspected' : 'idle');
  }

  /** Makes what was looked at, or goes on with it. */
  async make(): Promise<void> {
    const { request } = this;
    if (!request || this.isBusy) return;
    keepStorage();
    this.phase = 'making';
    this.failure = undefined;
    this.rate = undefined;
    let first: { at: number; bytes: number } | undefined;
    const job = this.#maker.start('make', { ...request, source: withToken(request.source) }, (event) => {
      if (event.type !== 'progress') return;
      this.progress = event;
      const now = performance.now();
      first ??= { at: now, bytes: event.doneBytes };
      if (now - first.at > 1000) this.rate = ((event.doneBytes - first.bytes) * 1000) / (now - first.at);
    });
    this.#stop = () => job.yield();
    const end = await job.ended;
    if (end.type !== 'done') return this.#settle(end, 'paused');
    this.phase = 'testing';
    await this.#finish(end);
  }

  /** What is written stays; `make` goes on after it. */
  pause(): void {
    this.#stop?.();
  }

  /** Goes on with a package of the list that is not finished, whose source is an address. */
  async resume({ source, options }: Making): Promise<void> {
    if (this.isBusy || source.type === 'files' || options.adapter) return;
    const { adapter: _, ...rest } = options;
    this.request = { source, options: rest };
    this.beside = undefined;
    this.made = undefined;
    await this.make();
  }

  /** Back to the form. */
  reset(): void {
    if (this.isBusy) return;
    this.phase = 'idle';
    Object.assign(this, {
      facts: undefined,
      failure: undefined,
      made: undefined,
      progress: undefined,
      isBeside: false,
    });
  }

  async #finish({ id, name, files, comparison, warnings }: MadeFiles): Promise<void> {
    const { selfTest, untested } = await recordSelfTest({ type: 'files', name, files });
    const finished = await this.#maker.start('finish', { id, selfTest }).ended;
    if (finished.type !== 'done') return this.#settle(finished, 'paused');
    const whole = await this.#store.start('files', { id }).ended;
    if (whole.type !== 'done') return this.#settle(whole, 'paused');
    const source = { type: 'files', name: whole.name, files: whole.files } as const;
    this.made = { id, source, name, comparison, warnings, untested };
    this.phase = 'done';
  }

  #settle(end: JobEnd<JobContract>, phase: Phase): void {
    this.#stop = undefined;
    if (end.type === 'failed') this.failure = end.failure;
    this.phase = phase;
  }
}

/** What the package must answer, computed in a worker of its own that ends with it. */
async function recordSelfTest(source: PackageSource): Promise<{ selfTest?: SelfTest; untested: Failure | undefined }> {
  const engine = new EngineWorker({ stats() {}, planned() {} }, () => undefined);
  try {
    const end = await engine.start('recordSelfTest', { source }).ended;
    if (end.type === 'done') return { selfTest: end.selfTest, untested: undefined };
    return { untested: end.type === 'failed' ? end.failure : { code: 'stopped', detail: {} } };
  } finally {
    engine.end();
  }
}

/** One at a time, for the whole page. */
export const making = new PackageMaking();
