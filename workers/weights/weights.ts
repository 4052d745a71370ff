/** The weights worker's side of the contract: one source open, one job at a time, in the order they were asked for. */
import type { JobId, Listener } from '#core/protocol/engine.ts';
import { FailureError, type Failure } from '#core/failure.ts';
import type {
  InspectEvent,
  InspectRequest,
  NormsEvent,
  RequantizeEvent,
  RequantizeRequest,
  WeightFacts,
  WeightsApi,
  WeightsOpenEvent,
  WeightsSource,
} from '#core/protocol/weights.ts';
import { failureOf } from './failures.ts';
import type { StoredMatrix } from './matrix.ts';
import { MatrixInspector } from './matrix-inspector.ts';
import { openWeights, type OpenedWeights } from './open.ts';
import { requantize } from './requantize.ts';

const progressMilliseconds = 50;

export class WeightsLab implements WeightsApi {
  #opened: OpenedWeights | undefined;
  #microscope = new MatrixInspector();
  #last: Promise<void> = Promise.resolve();

  async open(_job: JobId, source: WeightsSource, on: Listener<WeightsOpenEvent>): Promise<void> {
    const file = source.type === 'safetensors' ? source.name : '';
    await this.#run<WeightsOpenEvent>(on, file, async () => {
      this.#opened = undefined;
      this.#microscope = new MatrixInspector();
      const tell = throttled(on);
      const opened = await openWeights(source, (path, doneBytes, totalBytes = doneBytes) =>
        tell({ type: 'progress', file: path, doneBytes, totalBytes }, doneBytes === totalBytes),
      );
      this.#opened = opened;
      const matrices = [...opened.matrices.values()].map(({ info }) => info);
      return { type: 'done', name: opened.name, matrices };
    });
  }

  async inspect(_job: JobId, request: InspectRequest, on: Listener<InspectEvent>): Promise<void> {
    await this.#run<InspectEvent>(on, request.matrix, async () => ({
      type: 'done',
      result: await this.#microscope.inspect(this.#find(request.matrix), request),
    }));
  }

  weightAt(row: number, column: number): Promise<WeightFacts | undefined> {
    return Promise.resolve(this.#microscope.weightAt(row, column));
  }

  async norms(_job: JobId, matrices: readonly string[], on: Listener<NormsEvent>): Promise<void> {
    await this.#run<NormsEvent>(on, '', async () => {
      const stored = matrices.map((name) => this.#find(name));
      const tell = throttled(on);
      const norms: { name: string; norm: number }[] = [];
      for (const matrix of stored) {
        norms.push({ name: matrix.info.name, norm: await matrix.norm() });
        tell({ type: 'progress', done: norms.length, total: stored.length }, norms.length === stored.length);
      }
      return { type: 'done', norms };
    });
  }

  async requantize(_job: JobId, request: RequantizeRequest, on: Listener<RequantizeEvent>): Promise<void> {
    const { checkpoint } = request;
    await this.#run<RequantizeEvent>(on, checkpoint.type === 'url' ? checkpoint.url : checkpoint.name, async () => {
      const tell = throttled(on);
      const made = await requantize(request, (done, total) => tell({ type: 'progress', done, total }, done === total));
      return { type: 'done', package: made };
    });
  }

  /** @throws FailureError */
  #find(name: string): StoredMatrix {
    if (!this.#opened) throw new FailureError('no-model');
    const matrix = this.#opened.matrices.get(name);
    if (!matrix) throw new FailureError('file-broken', { file: this.#opened.name, reason: `no matrix ${name}` });
    return matrix;
  }

  /** One job after the other; what it throws is its last event. */
  async #run<Event>(on: Listener<Event | Failed>, file: string, work: () => Promise<Event>): Promise<void> {
    const before = this.#last;
    const job = before.then(async () => {
      let end: Event | Failed;
      try {
        end = await work();
      } catch (error) {
        end = { type: 'failed', failure: failureOf(error, file) };
      }
      await on(end);
    });
    this.#last = job.catch(() => undefined);
    await job;
  }
}

interface Failed {
  type: 'failed';
  failure: Failure;
}

/** Tells as often as one looks, and always the last. */
function throttled<Event>(on: Listener<Event>): (event: Event, isLast: boolean) => void {
  let last = -Infinity;
  return (event, isLast) => {
    const now = performance.now();
    if (!isLast && now - last < progressMilliseconds) return;
    last = now;
    void on(event);
  };
}
