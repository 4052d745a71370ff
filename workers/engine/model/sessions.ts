/**
 * The sessions of one model. ONNX Runtime frees the weights of a session on the GPU only with the last session of the
 * device (docs/decisions/0002-runtime.md), so replacing one session re-creates all of them.
 */
import type * as Ort from 'onnxruntime-web';
import type { Backend } from './backend.ts';
import { readProgress } from './weight-bytes.ts';

type OnRead = (bytes: number) => void;
export type OnProgress = (doneBytes: number, totalBytes: number) => void;

/** Creates sessions of one part of the model from the package, as often as needed, so that no graph has to be kept. */
export interface SessionFactory<T> {
  /** Bytes of weights that `make` reads. */
  bytes: number;
  /** Frees everything when it throws. */
  make(onRead: OnRead): Promise<T>;
  sessions(made: T): readonly Ort.InferenceSession[];
}

/** The current session of a part. Read `current` before each run: the session may have been replaced. */
export interface SessionHandle<T> {
  /** @throws TypeError if there is no session: creating it failed, or it was released */
  readonly current: T;
}

class Entry<T> implements SessionHandle<T> {
  factory: SessionFactory<T>;
  #made: { value: T } | undefined;

  constructor(factory: SessionFactory<T>) {
    this.factory = factory;
  }

  get current(): T {
    if (!this.#made) throw new TypeError('this part of the model has no session');
    return this.#made.value;
  }

  get bytes(): number {
    return this.factory.bytes;
  }

  async make(onRead: OnRead): Promise<void> {
    this.#made = { value: await this.factory.make(onRead) };
  }

  async release(): Promise<void> {
    const made = this.#made;
    this.#made = undefined;
    if (made) for (const session of this.factory.sessions(made.value)) await session.release();
  }
}

export class ModelSessions {
  readonly #backend: Backend;
  readonly #entries: Pick<Entry<never>, 'bytes' | 'make' | 'release'>[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async add<T>(factory: SessionFactory<T>, onProgress: OnProgress): Promise<ReplaceableSession<T>> {
    const entry = new Entry(factory);
    await entry.make(readProgress(factory.bytes, onProgress));
    this.#entries.push(entry);
    return {
      get current() {
        return entry.current;
      },
      replace: (other, onProgress) => this.#replace(entry, other, onProgress),
    };
  }

  async release(): Promise<void> {
    for (const entry of this.#entries.toReversed()) await entry.release();
  }

  async #replace<T>(entry: Entry<T>, factory: SessionFactory<T>, onProgress: OnProgress): Promise<void> {
    // On the CPU one session can be freed without the others.
    const affected = this.#backend.gpu ? this.#entries : [entry];
    for (const one of affected.toReversed()) await one.release();
    entry.factory = factory;
    const onRead = readProgress(
      affected.reduce((sum, { bytes }) => sum + bytes, 0),
      onProgress,
    );
    for (const one of affected) await one.make(onRead);
  }
}

export interface ReplaceableSession<T> extends SessionHandle<T> {
  /**
   * Creates this part with another factory. The old session is released first, so that the device does not hold the weights
   * twice. On the GPU the other parts are re-created too.
   * @throws what the factories throw; parts of the model have no session then, until a replacement succeeds
   */
  replace(factory: SessionFactory<T>, onProgress: OnProgress): Promise<void>;
}
