/** The browser's storage as far as the store uses it, in memory: files with one writer at a time, folders, locks. */

class FakeFile {
  readonly kind = 'file';
  bytes = new Uint8Array(0);
  #isOpen = false;

  constructor(
    readonly name: string,
    private readonly disk: FakeDisk,
  ) {}

  getFile(): Promise<File> {
    return Promise.resolve(new File([this.bytes], this.name));
  }

  createSyncAccessHandle() {
    if (this.#isOpen) return Promise.reject(new DOMException('open', 'NoModificationAllowedError'));
    this.#isOpen = true;
    return Promise.resolve({
      getSize: () => this.bytes.length,
      read: (into: Uint8Array, { at }: { at: number }) => {
        const part = this.bytes.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      write: (from: Uint8Array, { at }: { at: number }) => {
        if (at + from.length > this.bytes.length) this.truncate(at + from.length);
        this.bytes.set(from, at);
        return from.length;
      },
      truncate: (length: number) => this.truncate(length),
      flush: () => undefined,
      close: () => (this.#isOpen = false),
    });
  }

  /** Kept only when it is closed, as the browser does it. */
  createWritable() {
    const pieces: Uint8Array[] = [];
    return Promise.resolve({
      write: (bytes: Uint8Array) => Promise.resolve(void pieces.push(bytes.slice())),
      close: () => Promise.resolve((this.bytes = new Uint8Array(Buffer.concat(pieces)))),
      abort: () => Promise.resolve(),
    });
  }

  truncate(length: number): void {
    this.disk.take(length - this.bytes.length);
    const next = new Uint8Array(length);
    next.set(this.bytes.subarray(0, length));
    this.bytes = next;
  }
}

export class FakeFolder {
  readonly kind = 'directory';
  readonly entries = new Map<string, FakeFile | FakeFolder>();

  constructor(
    readonly name: string,
    private readonly disk: FakeDisk,
  ) {}

  getFileHandle(name: string, options: { create?: boolean } = {}): Promise<FakeFile> {
    return this.#get(name, options, FakeFile);
  }

  getDirectoryHandle(name: string, options: { create?: boolean } = {}): Promise<FakeFolder> {
    return this.#get(name, options, FakeFolder);
  }

  removeEntry(name: string): Promise<void> {
    return this.entries.delete(name) ? Promise.resolve() : Promise.reject(new DOMException(name, 'NotFoundError'));
  }

  // An iterator that yields promises' values, as that of a folder does.
  async *keys(): AsyncGenerator<string> {
    for (const name of [...this.entries.keys()]) yield await Promise.resolve(name);
  }

  /** The file at a path with "/". */
  find(path: string): FakeFile {
    const [first = '', ...rest] = path.split('/');
    const entry = this.entries.get(first);
    if (entry instanceof FakeFolder) return entry.find(rest.join('/'));
    if (!entry) throw new Error(`no ${path}`);
    return entry;
  }

  #get<Entry extends FakeFile | FakeFolder>(
    name: string,
    { create = false }: { create?: boolean },
    Kind: new (name: string, disk: FakeDisk) => Entry,
  ): Promise<Entry> {
    const known = this.entries.get(name);
    if (known instanceof Kind) return Promise.resolve(known);
    if (!create) return Promise.reject(new DOMException(name, 'NotFoundError'));
    const entry = new Kind(name, this.disk);
    this.entries.set(name, entry);
    return Promise.resolve(entry);
  }
}

class FakeDisk {
  used = 0;
  quota = Infinity;

  take(bytes: number): void {
    if (this.used + bytes > this.quota) throw new DOMException('full', 'QuotaExceededError');
    this.used += bytes;
  }
}

/** One after the other for each name. */
class FakeLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  request<Value>(name: string, ...rest: [object, (lock: object | null) => Value] | [(lock: object) => Value]) {
    const work = rest.length === 2 ? rest[1] : rest[0];
    const next = (this.#last.get(name) ?? Promise.resolve()).then(() => work({}));
    this.#last.set(
      name,
      next.then(
        () => undefined,
        () => undefined,
      ),
    );
    return next;
  }
}

export interface FakeStorage {
  root: FakeFolder;
  disk: FakeDisk;
  /** What `navigator` has to be. */
  navigator: object;
}

export function fakeStorage(): FakeStorage {
  const disk = new FakeDisk();
  const root = new FakeFolder('', disk);
  const storage = {
    getDirectory: () => Promise.resolve(root),
    estimate: () => Promise.resolve({ usage: disk.used, quota: Math.min(disk.quota, Number.MAX_SAFE_INTEGER) }),
    persisted: () => Promise.resolve(false),
  };
  return { root, disk, navigator: { storage, locks: new FakeLocks(), onLine: true } };
}
