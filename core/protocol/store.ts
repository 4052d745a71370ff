/** Message types between the page and the store worker: the packages in the browser's file system. */
import type { PackageFile, PackageSource } from './engine.ts';
import type { Job, Nothing } from './jobs.ts';
import type { Making } from './making.ts';

/** The jobs of `store.worker.ts`. */
export interface StoreJobs {
  list: Job<undefined, StoredPackages>;
  /** Downloads the files of a package that are not here yet, of all its variants. */
  fetchAll: Job<{ url: string; token?: string | undefined }, Nothing, StoreProgress>;
  /** Reads every byte and compares its hashes. Damaged pieces are dropped: the next opening fetches them again. */
  verify: Job<{ id: string }, { damaged: readonly DamagedFile[] }, StoreProgress>;
  /** Copies picked files into the browser's file system, each piece checked against the manifest where there is one. */
  copy: Job<{ source: PackageSource & { type: 'files' } }, { id: string }, StoreProgress>;
  /** Writes the files of a package into a folder of the operating system, each piece checked before it is written. */
  export: Job<{ id: string; folder: FolderHandle }, { folder: string }, StoreProgress>;
  /** The files of a package, to open it without its server. */
  files: Job<{ id: string }, { name: string; files: readonly PackageFile[] }>;
  /** Deletes a package; bytes that others share stay. */
  remove: Job<{ id: string }>;
}

/** Of all files together. */
export interface StoreProgress {
  type: 'progress';
  doneBytes: number;
  totalBytes: number;
}

/** A `FileSystemDirectoryHandle`, for which `core` has no type. */
export interface FolderHandle {
  readonly kind: 'directory';
  readonly name: string;
}

export interface DamagedFile {
  path: string;
  /** Pieces that were not as they should be. */
  pieces: number;
}

export interface StoredPackages {
  /** The one that was used last comes first. */
  packages: readonly StoredPackage[];
  /** Bytes that this site uses, of those that the browser allows it; undefined where the browser does not tell. */
  usedBytes: number | undefined;
  quotaBytes: number | undefined;
  /** False: the browser may delete the packages when the disk becomes full. */
  isPersistent: boolean;
  /** False in a browser without storage, or a private window. */
  hasStorage: boolean;
}

export interface StoredPackage {
  id: string;
  name: string;
  /** Where it was downloaded from; undefined if it was copied from a folder. */
  url: string | undefined;
  /** Bytes here, and bytes of all files. Files that several packages share count in each. */
  storedBytes: number;
  totalBytes: number;
  /** False: it has no manifest, so nothing says which bytes are right. */
  isChecked: boolean;
  /** When it was last opened or copied, ISO 8601. */
  used: string;
  /** Of a package that is being made and not finished: what it was begun with. It cannot be opened. */
  making: Making | 'broken' | undefined;
}
