/** The part of the browser's own file system that the store uses, in memory, for tests in Node. */

class Missing extends DOMException {
  constructor(name: string) {
    super(name, 'NotFoundError');
  }
}

class MemoryFile {
  readonly kind = 'file';
  bytes = new Uint8Array();
  isOpen = false;

  constructor(
    public name: string,
    private readonly folder: MemoryFolder,
  ) {}

  getFile(): Promise<File> {
    return Promise.resolve(new File([this.bytes], this.name));
  }

  move(name: string): Promise<void> {
    this.folder.entries.delete(this.name);
    this.name = name;
    this.folder.entries.set(name, this);
    return Promise.resolve();
  }

  createSyncAccessHandle() {
    if (this.isOpen) return Promise.reject(new DOMException(this.name, 'NoModificationAllowedError'));
    this.isOpen = true;
    const resize = (size: number) => {
      const grown = new Uint8Array(size);
      grown.set(this.bytes.subarray(0, size));
      this.bytes = grown;
    };
    return Promise.resolve({
      getSize: () => this.bytes.length,
      read: (into: Uint8Array, { at }: { at: number }) => {
        const part = this.bytes.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      write: (bytes: Uint8Array, { at }: { at: number }) => {
        if (at + bytes.length > this.bytes.length) resize(at + bytes.length);
        this.bytes.set(bytes, at);
        return bytes.length;
      },
      truncate: resize,
      flush: () => undefined,
      close: () => {
        this.isOpen = false;
      },
    });
  }
}

class MemoryFolder {
  readonly kind = 'directory';
  readonly entries = new Map<string, MemoryFile | MemoryFolder>();

  getFileHandle(name: string, { create = false } = {}): Promise<MemoryFile> {
    const found = this.entries.get(name);
    if (found instanceof MemoryFile) return Promise.resolve(found);
    if (!create) return Promise.reject(new Missing(name));
    const file = new MemoryFile(name, this);
    this.entries.set(name, file);
    return Promise.resolve(file);
  }

  getDirectoryHandle(name: string, { create = false } = {}): Promise<MemoryFolder> {
    const found = this.entries.get(name);
    if (found instanceof MemoryFolder) return Promise.resolve(found);
    if (!create) return Promise.reject(new Missing(name));
    const folder = new MemoryFolder();
    this.entries.set(name, folder);
    return Promise.resolve(folder);
  }

  removeEntry(name: string): Promise<void> {
    return this.entries.delete(name) ? Promise.resolve() : Promise.reject(new Missing(name));
  }

  async *keys(): AsyncGenerator<string> {
    for (const name of [...this.entries.keys()]) yield name;
  }

  /** As a crash leaves it: nothing is open. */
  crash(): void {
    for (const entry of this.entries.values()) {
      if (entry instanceof MemoryFolder) entry.crash();
      else entry.isOpen = false;
    }
  }
}

/** A `navigator` with storage and locks. `quota`: bytes that the browser allows. */
export function memoryNavigator(quota = 1e9) {
  const root = new MemoryFolder();
  return {
    root,
    navigator: {
      onLine: true,
      hardwareConcurrency: 2,
      storage: {
        getDirectory: () => Promise.resolve(root),
        estimate: () => Promise.resolve({ quota, usage: 0 }),
        persisted: () => Promise.resolve(false),
      },
      locks: {
        request: (_: string, second: unknown, third?: (lock: object) => unknown) =>
          Promise.resolve((typeof second === 'function' ? second : third)?.({})),
      },
    },
  };
}
