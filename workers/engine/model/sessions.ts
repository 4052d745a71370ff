/**
 * The sessions of one model. Weights in buffers of ours (gpu-weights.ts) outlive a session. Those that a session holds itself are
 * freed on the GPU only with the last session of the device (docs/decisions/0002-runtime.md), so replacing a session that
 * holds many re-creates all of them.
 */
import { readProgress } from './weight-bytes.ts';

type OnRead = (bytes: number) => void;
export type OnProgress = (doneBytes: number, totalBytes: number) => void;

/** Bytes that replaced sessions may leave on the GPU until the model is closed: norms, not matrices. */
const mostLeftBytes = 16 * 2 ** 20;

/** Creates sessions of one part of the model from the package, as often as needed, so that no graph has to be kept. */
export interface SessionFactory<T> {
  /** Bytes of weights that `make` reads. */
  bytes: number;
  /** Frees everything when it throws. */
  make(onRead: OnRead): Promise<T>;
  release(made: T): Promise<void>;
}

/** The current session of a part. Read `current` before each run: the session may have been replaced. */
export interface SessionHandle<T> {
  /** @throws TypeError if there is no session: creating it failed, or it was released */
  readonly current: T;
}

class Entry<T> implements SessionHandle<T> {
  factory: SessionFactory<T>;
  #made: { value: T; release(): Promise<void> } | undefined;

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

  /** Releases the session before, if there is one, after the new one was made. */
  async make(onRead: OnRead): Promise<void> {
    const { factory } = this;
    const value = await factory.make(onRead);
    const before = this.#made;
    this.#made = { value, release: () => factory.release(value) };
    await before?.release();
  }

  async release(): Promise<void> {
    const made = this.#made;
    this.#made = undefined;
    await made?.release();
  }
}

export class ModelSessions {
  readonly #onGpu: boolean;
  readonly #entries: Pick<Entry<never>, 'bytes' | 'make' | 'release'>[] = [];
  /** Bytes that replaced sessions left on the GPU. */
  #leftBytes = 0;

  /** @param backend with a GPU or without */
  constructor(backend: { readonly gpu: unknown }) {
    this.#onGpu = backend.gpu !== undefined;
  }

  async add<T>(factory: SessionFactory<T>, onProgress: OnProgress): Promise<ReplaceableSession<T>> {
    const entry = new Entry(factory);
    await entry.make(readProgress(factory.bytes, onProgress));
    this.#entries.push(entry);
    return {
      get current() {
        return entry.current;
      },
      replace: (other, ownBytes, onProgress) => this.#replace(entry, other, ownBytes, onProgress),
      remove: async () => {
        this.#entries.splice(this.#entries.indexOf(entry), 1);
        await entry.release();
      },
    };
  }

  /** Bytes of weights that the sessions read, as the files hold them. */
  get bytes(): number {
    return this.#entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async release(): Promise<void> {
    for (const entry of this.#entries.toReversed()) await entry.release();
  }

  async #replace<T>(
    entry: Entry<T>,
    factory: SessionFactory<T>,
    ownBytes: number,
    onProgress: OnProgress,
  ): Promise<void> {
    if (this.#onGpu && this.#leftBytes + ownBytes <= mostLeftBytes) {
      const before = entry.factory;
      entry.factory = factory;
      try {
        await entry.make(readProgress(factory.bytes, onProgress));
      } catch (error) {
        entry.factory = before;
        throw error;
      }
      this.#leftBytes += ownBytes;
      return;
    }
    // On the CPU one session can be freed without the others.
    const affected = this.#onGpu ? this.#entries : [entry];
    for (const one of affected.toReversed()) await one.release();
    this.#leftBytes = 0;
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
   * Creates this part with another factory. Where the weights are ours, the old session is released when the new one stands, and
   * stays if that fails. Otherwise it is released first, so that the device does not hold the weights twice, on the GPU together
   * with all other parts, which are re-created.
   * @param ownBytes weights that the old sessions hold themselves
   * @throws what the factories throw; parts of the model may have no session then, until a replacement succeeds
   */
  replace(factory: SessionFactory<T>, ownBytes: number, onProgress: OnProgress): Promise<void>;
  /** Releases the session for good. */
  remove(): Promise<void>;
}
