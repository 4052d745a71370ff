/** The jobs of the weights worker, one source open at a time. */
import { FailureError } from '#core/failure.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { WeightsJobs, WeightsSource } from '#core/protocol/weights.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import type { Handlers } from '../jobs/serve.ts';
import type { StoredMatrix } from './matrix.ts';
import { MatrixInspector } from './matrix-inspector.ts';
import { openWeights, type OpenedWeights } from './open.ts';
import { requantize } from './requantize.ts';

type Running<Name extends keyof WeightsJobs> = RunningJob<WeightsJobs[Name]>;
type Result<Name extends keyof WeightsJobs> = Promise<WeightsJobs[Name]['result']>;

export class WeightsLab {
  #opened: OpenedWeights | undefined;
  #inspector = new MatrixInspector();

  readonly handlers: Handlers<WeightsJobs> = {
    open: { mode: 'queue', run: (source, job) => this.#open(source, job), subject: nameOf },
    inspect: {
      mode: 'latest',
      run: async (request) => ({ inspection: await this.#inspector.inspect(this.#find(request.matrix), request) }),
      subject: ({ matrix }) => matrix,
    },
    weightAt: {
      mode: 'concurrent',
      run: ({ row, column }) => ({ facts: this.#inspector.weightAt(row, column) }),
    },
    norms: { mode: 'queue', run: (matrices, job) => this.#norms(matrices, job) },
    requantize: {
      mode: 'queue',
      run: async (request, job) => ({
        package: await requantize(request, (done, total) => job.progress({ type: 'progress', done, total })),
      }),
      subject: ({ checkpoint }) => addressOf(checkpoint),
    },
  };

  async #open(source: WeightsSource, job: Running<'open'>): Result<'open'> {
    this.#opened = undefined;
    this.#inspector = new MatrixInspector();
    const opened = await openWeights(source, (file, doneBytes, totalBytes = doneBytes) =>
      job.progress({ type: 'progress', file, doneBytes, totalBytes }, file),
    );
    this.#opened = opened;
    return { name: opened.name, matrices: [...opened.matrices.values()].map(({ info }) => info) };
  }

  async #norms(matrices: readonly string[], job: Running<'norms'>): Result<'norms'> {
    const stored = matrices.map((name) => this.#find(name));
    const norms: { name: string; norm: number }[] = [];
    for (const matrix of stored) {
      await job.pause();
      norms.push({ name: matrix.info.name, norm: await matrix.norm() });
      job.progress({ type: 'progress', done: norms.length, total: stored.length });
    }
    return { norms };
  }

  /** @throws FailureError */
  #find(name: string): StoredMatrix {
    if (!this.#opened) throw new FailureError('no-model');
    const matrix = this.#opened.matrices.get(name);
    if (!matrix) throw new FailureError('file-broken', { file: this.#opened.name, reason: `no matrix ${name}` });
    return matrix;
  }
}

function nameOf(source: WeightsSource): string {
  return source.type === 'safetensors' ? source.name : addressOf(source.source);
}

function addressOf(source: PackageSource): string {
  return source.type === 'url' ? source.url : source.name;
}
