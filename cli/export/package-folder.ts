/** The folder being written: `<out>.partial` until it is complete, then renamed, so that `<out>` is never half there. */
import { mkdir, readdir, readFile, rename, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ManifestFile } from '#core/protocol/manifest.ts';
import { ExportError, systemCode } from '../shared/errors.ts';
import { HashedFile } from '../shared/hashed-file.ts';

/** Lies in a partial folder from its first moment to its last, and says that we made it, and which process. */
const MARKER = '.export-in-progress';

export class PackageFolder {
  /** What is complete, for the manifest. */
  readonly files: Record<string, ManifestFile> = {};
  private readonly unfinished = new Set<HashedFile>();
  /** The partial folder is ours to remove. */
  private begun = false;

  private constructor(
    private readonly out: string,
    private readonly partial: string,
    /** The outermost parent that had to be made. */
    private readonly madeParent: string | undefined,
  ) {}

  /**
   * @throws ExportError when `out` holds something, when `<out>.partial` is not ours or another export is at work
   *   in it, or when fewer than `bytes` are free
   */
  static async create(out: string, bytes: number, note: (text: string) => void): Promise<PackageFolder> {
    const target = resolve(out);
    const partial = `${target}.partial`;
    await refuseOccupied(target);
    await removeStale(partial, note);
    const folder = new PackageFolder(target, partial, await mkdir(dirname(target), { recursive: true }));
    try {
      const disk = await statfs(dirname(target));
      const free = disk.bavail * disk.bsize;
      if (free < bytes) throw noSpace(dirname(target), bytes, free);
      await mkdir(partial);
      folder.begun = true;
      await writeFile(join(partial, MARKER), JSON.stringify({ pid: process.pid }));
      await mkdir(join(partial, 'onnx'));
    } catch (error) {
      await folder.discard();
      throw error;
    }
    return folder;
  }

  /** A file of the package, by its path in it; `finishFile` must follow. */
  async createFile(path: string): Promise<HashedFile> {
    const file = await HashedFile.create(join(this.partial, path));
    this.unfinished.add(file);
    return file;
  }

  async finishFile(path: string, file: HashedFile): Promise<void> {
    this.files[path] = await file.finish();
    this.unfinished.delete(file);
  }

  async writeFile(path: string, content: Uint8Array | string): Promise<void> {
    const file = await this.createFile(path);
    await file.append(typeof content === 'string' ? Buffer.from(content) : content);
    await this.finishFile(path, file);
  }

  /** Writes manifest.json and gives the folder its name. */
  async commit(manifest: string): Promise<void> {
    await writeFile(join(this.partial, 'manifest.json'), manifest, { flush: true });
    await refuseOccupied(this.out);
    // An empty folder may stand there; rename replaces one on POSIX only.
    await rmdir(this.out).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
    await rename(this.partial, this.out);
    await rm(join(this.out, MARKER));
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await Promise.allSettled([...this.unfinished].map((file) => file.close()));
    if (this.begun) await rm(this.partial, { recursive: true, force: true });
    if (this.madeParent === undefined) return;
    for (let parent = dirname(this.out); parent.startsWith(this.madeParent); parent = dirname(parent)) {
      // Somebody else may have put something there meanwhile.
      const removed = await rmdir(parent).then(
        () => true,
        () => false,
      );
      if (!removed) return;
    }
  }
}

function noSpace(folder: string, needed: number, free: number): ExportError {
  return new ExportError(
    `no space left in ${folder}: the package takes ${megabytes(needed)}, ${megabytes(free)} are free`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

async function refuseOccupied(target: string): Promise<void> {
  const names = await list(target);
  if (names && names.length > 0) {
    throw new ExportError(`${target} already holds something (${names[0]}); name a new or empty folder with --out`);
  }
}

async function removeStale(partial: string, note: (text: string) => void): Promise<void> {
  const names = await list(partial);
  if (!names) return;
  if (names.length > 0 && !names.includes(MARKER)) {
    throw new ExportError(`${partial} is in the way and was not made by this exporter; move it or use another --out`);
  }
  const pid = await markerPid(partial);
  if (pid !== undefined && pid !== process.pid && isAlive(pid)) {
    throw new ExportError(`another export (process ${pid}) is writing ${partial}; wait for it or stop it`);
  }
  note(`removing ${partial}, left by an export that did not finish, and starting again`);
  await rm(partial, { recursive: true });
}

/** Undefined where the marker is missing or was never completed. */
async function markerPid(partial: string): Promise<number | undefined> {
  try {
    const marker: unknown = JSON.parse(await readFile(join(partial, MARKER), 'utf8'));
    if (typeof marker === 'object' && marker !== null && 'pid' in marker && typeof marker.pid === 'number') {
      return marker.pid;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError) && systemCode(error) !== 'ENOENT') throw error;
  }
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Names in a folder; undefined where there is none. */
async function list(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (systemCode(error) === 'ENOTDIR') throw new ExportError(`${folder} is a file, not a folder`, { cause: error });
    throw error;
  }
}
