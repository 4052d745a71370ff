import type { Failure } from '#core/failure.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { DamagedFile, StoredPackage, StoredPackages, StoreJobs } from '#core/protocol/store.ts';
import { withToken } from '../platform/access-tokens.svelte.ts';
import { keepStorage } from '../platform/persistent-storage.ts';
import { StoreWorker } from '../workers/store-worker.ts';

/** Work on one package, or on a folder that is being copied. */
export interface Work {
  kind: 'fetchAll' | 'verify' | 'copy' | 'export' | 'remove' | 'files';
  /** Undefined for a folder that is not a stored package yet. */
  id: string | undefined;
  name: string;
  /** 0 … 1; undefined before the first report. */
  done: number | undefined;
}

/** What can be said of bytes that were read: all are right; those that are here are; or none changed, where nothing says which are right. */
type VerifiedAs = 'whole' | 'part' | 'unchanged';

/** How the last work ended. */
export type Outcome =
  | { type: 'verified'; name: string; damaged: readonly DamagedFile[]; hasServer: boolean; said: VerifiedAs }
  | { type: 'copied'; name: string }
  | { type: 'exported'; name: string; folder: string }
  | { type: 'failed'; name: string; failure: Failure };

/** All bytes are here, and none is still to be made. */
export const isWhole = ({ making, storedBytes, totalBytes }: StoredPackage): boolean =>
  making === undefined && storedBytes === totalBytes;

/** More of it can be downloaded, and it is known what. */
export const hasRest = (pack: StoredPackage): boolean => !isWhole(pack) && pack.url !== undefined && pack.isChecked;

/** The packages in the browser's file system, as the dialog shows them. One work runs at a time. */
export class StoredPackageList {
  stored = $state.raw<StoredPackages>();
  work = $state.raw<Work>();
  outcome = $state.raw<Outcome>();
  readonly #worker = new StoreWorker();
  #stop: (() => void) | undefined;

  /** A list that cannot be read leaves the last one, or none. */
  async refresh(): Promise<void> {
    const end = await this.#worker.start('list', undefined).ended;
    if (end.type === 'done') this.stored = end;
    else if (end.type === 'failed') this.outcome = { type: 'failed', name: '', failure: end.failure };
  }

  async verify(pack: StoredPackage): Promise<void> {
    const { id, name, url } = pack;
    const end = await this.#run('verify', { id }, { id, name });
    const said = !pack.isChecked ? 'unchanged' : isWhole(pack) ? 'whole' : 'part';
    if (end) this.outcome = { type: 'verified', name, damaged: end.damaged, hasServer: url !== undefined, said };
  }

  async remove({ id, name }: StoredPackage): Promise<void> {
    await this.#run('remove', { id }, { id, name });
  }

  /** @returns whether all of it is here */
  async fetchAll({ id, name, url }: StoredPackage): Promise<boolean> {
    if (url === undefined) return false;
    keepStorage();
    return (await this.#run('fetchAll', withToken({ type: 'url', url }), { id, name })) !== undefined;
  }

  async copy(source: PackageSource & { type: 'files' }): Promise<void> {
    keepStorage();
    const { name } = source;
    if (await this.#run('copy', { source }, { id: undefined, name })) this.outcome = { type: 'copied', name };
  }

  /** What opening the package did not need is downloaded first. */
  async exportWhole(pack: StoredPackage, folder: FileSystemDirectoryHandle): Promise<void> {
    if (isWhole(pack) || (await this.fetchAll(pack))) await this.export(pack, folder);
  }

  /** @param pack whose files are all here */
  async export({ id, name }: Pick<StoredPackage, 'id' | 'name'>, folder: FileSystemDirectoryHandle): Promise<void> {
    const end = await this.#run('export', { id, folder }, { id, name });
    if (end) this.outcome = { type: 'exported', name, folder: `${folder.name}/${end.folder}` };
  }

  /** Undefined if it is no longer there. */
  async sourceOf({ id, name, url }: StoredPackage): Promise<PackageSource | undefined> {
    if (url !== undefined) return { type: 'url', url };
    const end = await this.#run('files', { id }, { id, name });
    return end && { type: 'files', name: end.name, files: end.files };
  }

  /** Stops the work; what was downloaded, copied or checked by then stays. */
  stop(): void {
    this.#stop?.();
  }

  async #run<Name extends Work['kind']>(
    kind: Name,
    request: StoreJobs[Name]['request'],
    { id, name }: Pick<Work, 'id' | 'name'>,
  ): Promise<StoreJobs[Name]['result'] | undefined> {
    if (this.work) return undefined;
    this.outcome = undefined;
    this.work = { kind, id, name, done: undefined };
    const job = this.#worker.start(kind, request, (event) => {
      if (this.work && 'doneBytes' in event)
        this.work = { ...this.work, done: event.totalBytes > 0 ? event.doneBytes / event.totalBytes : 1 };
    });
    this.#stop = () => job.stop();
    const end = await job.ended;
    this.work = undefined;
    this.#stop = undefined;
    if (end.type === 'failed') this.outcome = { type: 'failed', name, failure: end.failure };
    await this.refresh();
    return end.type === 'done' ? end : undefined;
  }
}
