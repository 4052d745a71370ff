/** A checkpoint on a server: a repository of a hub, or a folder. */
import type { ExportFolder, OpenFile } from '#core/export/checkpoint.ts';
import { FailureError } from '#core/failure.ts';
import { authorized } from '#core/fetch/authorization.ts';
import { fetchFile, fetchJson } from '#core/fetch/fetch-file.ts';
import type { Network } from '#core/fetch/network.ts';
import { probe } from '#core/fetch/probe.ts';
import { fetchRange, type RemoteFile } from '#core/fetch/range.ts';
import type { ReadAhead } from '#core/fetch/read-ahead.ts';
import { explainMissingAmong } from '#core/files/folder-kind.ts';
import type { FolderWanted } from '#core/files/kinds.ts';
import { parseJsonFile } from '#core/gemma3/checkpoint.ts';
import { isInnerPath } from '#core/inner-path.ts';
import type { Json } from '#core/json.ts';
import type { CheckpointSource } from '#core/protocol/maker.ts';
import { readRepository, type Repository } from '#core/fetch/hub-repository.ts';

/** tokenizer.json has tens of megabytes. */
const MAX_SMALL_BYTES = 200_000_000;
const MAX_REPOSITORY_BYTES = 50_000_000;

/** A file on a server whose parts come through a `ReadAhead` once there is one. */
export class RemoteSource implements OpenFile {
  readonly name: string;
  readonly size: number;

  constructor(
    readonly remote: RemoteFile,
    private readonly reading: { network: Network; signal: AbortSignal; ahead: ReadAhead | undefined },
  ) {
    this.name = remote.file;
    this.size = remote.size;
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { ahead, network, signal } = this.reading;
    return ahead
      ? ahead.read(this.remote, offset, length)
      : fetchRange(network, this.remote, offset, offset + length, signal);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

type RemoteCheckpoint = Exclude<CheckpointSource, { type: 'files' }>;

export class RemoteFolder implements ExportFolder {
  readonly folder: string;
  readonly name: string;
  readonly network: Network;
  readonly #source: RemoteCheckpoint;
  readonly #base: string;
  readonly #repository: Repository | undefined;
  readonly #signal: AbortSignal;
  /** What its files read through; set when the order of reading is known. */
  readonly #reading: { network: Network; signal: AbortSignal; ahead: ReadAhead | undefined };
  readonly #opened = new Map<string, RemoteFile>();
  readonly #small = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  private constructor(
    source: RemoteCheckpoint,
    network: Network,
    signal: AbortSignal,
    repository: Repository | undefined,
  ) {
    this.network = network;
    this.#source = source;
    this.#signal = signal;
    this.#repository = repository;
    this.#reading = { network, signal, ahead: undefined };
    if (source.type === 'hub') {
      this.folder = source.repository;
      this.#base = `${source.endpoint}/${source.repository}/resolve/${repository?.revision ?? source.revision}/`;
    } else {
      this.folder = source.url;
      this.#base = source.url;
    }
    this.name = this.folder.split('/').filter(Boolean).at(-1) ?? this.folder;
  }

  /**
   * @param revision commit that an earlier job began with
   * @throws FailureError gated, not-found, network …
   */
  static async open(
    source: RemoteCheckpoint,
    plain: Network,
    signal: AbortSignal,
    revision?: string,
  ): Promise<RemoteFolder> {
    if (source.type === 'url')
      return new RemoteFolder(source, authorized(plain, source.url, source.token), signal, undefined);
    const network = authorized(plain, source.endpoint, source.token);
    const url = `${source.endpoint}/api/models/${source.repository}/revision/${encodeURIComponent(revision ?? source.revision)}?blobs=true`;
    const request = { url, file: source.repository, limit: MAX_REPOSITORY_BYTES, signal, cache: 'no-store' as const };
    const json = await fetchJson(network, request).catch((error: unknown) => {
      if (!(error instanceof FailureError)) throw error;
      if (error.code === 'file-missing')
        throw new FailureError('not-found', { id: source.repository }, { cause: error });
      if (error.code === 'gated') throw gated(error, source);
      throw error;
    });
    return new RemoteFolder(source, network, signal, readRepository(json, source.repository));
  }

  /** Commit of a repository. */
  get revision(): string | undefined {
    return this.#repository?.revision;
  }

  /** SHA-256 of the files of weights that were opened, where the hub tells it. */
  get hashes(): Record<string, string> {
    const hashes: Record<string, string> = {};
    for (const file of this.#opened.keys()) {
      const sha256 = this.#repository?.files.get(file)?.sha256;
      if (sha256 !== undefined) hashes[file] = sha256;
    }
    return hashes;
  }

  /** Version of each file of weights that was opened. */
  get versions(): Record<string, string> {
    return Object.fromEntries([...this.#opened].map(([file, { version, size }]) => [file, `${version ?? ''} ${size}`]));
  }

  set ahead(ahead: ReadAhead | undefined) {
    this.#reading.ahead = ahead;
  }

  async has(file: string): Promise<boolean> {
    if (this.#repository) return this.#repository.files.has(file);
    if (this.#opened.has(file)) return true;
    try {
      await this.#probe(file);
      return true;
    } catch (error) {
      if (error instanceof FailureError && error.code === 'file-missing') return false;
      throw error;
    }
  }

  async json(file: string, most = MAX_SMALL_BYTES): Promise<Json> {
    return parseJsonFile(file, await this.bytes(file, most));
  }

  bytes(file: string, limit = MAX_SMALL_BYTES): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#small.get(file);
    if (known) return known;
    const request = { url: this.#address(file), file, limit, signal: this.#signal, cache: 'no-store' as const };
    const bytes = this.#explained(fetchFile(this.network, request)).then(
      async (blob) => new Uint8Array(await blob.arrayBuffer()),
    );
    // The tokenizer alone is large, and read twice.
    this.#small.set(file, bytes);
    bytes.catch(() => this.#small.delete(file));
    return bytes;
  }

  /** Lets go of the small files. */
  forget(): void {
    this.#small.clear();
  }

  async open(file: string): Promise<OpenFile> {
    const { version, size } = await this.#probe(file);
    const length = size ?? this.#repository?.files.get(file)?.size;
    if (length === undefined) throw new FailureError('no-ranges', { url: this.#address(file), file });
    const remote = { url: this.#address(file), file, size: length, version };
    this.#opened.set(file, remote);
    return new RemoteSource(remote, this.#reading);
  }

  explainMissing(wanted: FolderWanted, file: string): Promise<string> {
    return explainMissingAmong(wanted, this.folder, file, [...(this.#repository?.files.keys() ?? [])], () =>
      Promise.resolve(new Uint8Array()),
    );
  }

  #probe(file: string) {
    return this.#explained(probe(this.network, { url: this.#address(file), file, signal: this.#signal }));
  }

  async #explained<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof FailureError && error.code === 'gated' && this.#source.type === 'hub')
        throw gated(error, this.#source);
      throw error;
    }
  }

  #address(file: string): string {
    if (!isInnerPath(file)) throw new FailureError('file-broken', { file, reason: 'leads out of the checkpoint' });
    return this.#base + file.split('/').map(encodeURIComponent).join('/');
  }
}

/** Says where the terms are accepted. */
function gated(error: FailureError, { endpoint, repository }: RemoteCheckpoint & { type: 'hub' }): FailureError {
  const page = `${endpoint}/${repository}`;
  return new FailureError('gated', { ...error.detail, id: repository, page }, { cause: error });
}
