/** A folder that is written as `<out>.partial` and renamed when it is complete, so that `<out>` is never incomplete. */
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError, systemCode } from './errors.ts';

/** File in a partial folder that marks it as ours and holds the id of the process that writes it. */
const MARKER = '.in-progress';

export interface OutputFolderOptions {
  /** Bytes that are going to be written; 0 if unknown. */
  bytes?: number;
  /** Name of the command, for messages. */
  command: string;
  /** Called before the partial folder of an earlier run is removed. */
  note: (text: string) => void;
}

export class OutputFolder {
  /** Whether we made the partial folder and have to remove it. */
  private begun = false;

  private constructor(
    /** Final path. */
    private readonly out: string,
    /** Path where the files are written. */
    readonly partial: string,
    /** Outermost parent that we made; undefined if all existed. */
    private readonly madeParent: string | undefined,
  ) {}

  /**
   * @throws CommandError when `out` holds something, when `<out>.partial` is not ours or another process is writing it,
   *   or when fewer than `bytes` are free
   */
  static async create(out: string, { bytes = 0, command, note }: OutputFolderOptions): Promise<OutputFolder> {
    const target = await behindLinks(resolve(out));
    const partial = `${target}.partial`;
    await refuseOccupied(target);
    await removeStale(partial, command, note);
    const folder = new OutputFolder(target, partial, await mkdir(dirname(target), { recursive: true }));
    try {
      await requireSpace(dirname(target), bytes);
      await mkdir(partial);
      folder.begun = true;
      await writeFile(join(partial, MARKER), JSON.stringify({ pid: process.pid }));
    } catch (error) {
      await folder.discard();
      throw error;
    }
    return folder;
  }

  /** Renames the folder to its final path. Every file must be closed. */
  async commit(): Promise<void> {
    await refuseOccupied(this.out);
    // Rename replaces an empty folder on POSIX only.
    await rmdir(this.out).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
    await rename(this.partial, this.out);
    await rm(join(this.out, MARKER));
  }

  /** Removes the partial folder and the parents we made. Every file must be closed. */
  async discard(): Promise<void> {
    if (this.begun) await rm(this.partial, { recursive: true, force: true });
    if (this.madeParent === undefined) return;
    for (let parent = dirname(this.out); parent.startsWith(this.madeParent); parent = dirname(parent)) {
      // Another program may have put something there meanwhile.
      const removed = await rmdir(parent).then(
        () => true,
        () => false,
      );
      if (!removed) return;
    }
  }
}

/** What a link leads to, since a folder cannot be renamed onto a link. @throws CommandError where it leads nowhere */
async function behindLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') return path;
    const target = await readlink(path).catch(() => undefined);
    if (target === undefined) return path;
    const next = 'make the folder it leads to, or name another with --out';
    throw new CommandError(`${path} is a link to ${target}, which does not exist; ${next}`, { cause });
  }
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const disk = await statfs(folder);
  const free = disk.bavail * disk.bsize;
  if (free >= bytes) return;
  throw new CommandError(
    `no space left in ${folder}: ${megabytes(bytes)} are needed, ${megabytes(free)} are free; free some, or write to another disk`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

async function refuseOccupied(target: string): Promise<void> {
  const names = await namesIn(target);
  if (names && names.length > 0) {
    throw new CommandError(`${target} already holds something (${names[0]}); name a new or empty folder with --out`);
  }
}

async function removeStale(partial: string, command: string, note: (text: string) => void): Promise<void> {
  const names = await namesIn(partial);
  if (!names) return;
  if (names.length > 0 && !names.includes(MARKER)) {
    throw new CommandError(`${partial} is in the way and was not made by this command; move it or use another --out`);
  }
  const pid = await markerPid(partial);
  if (pid !== undefined && pid !== process.pid && isAlive(pid)) {
    throw new CommandError(`another ${command} (process ${pid}) is writing ${partial}; wait for it or stop it`);
  }
  note(`removing ${partial}, left by an earlier ${command} that did not finish, and starting again`);
  await rm(partial, { recursive: true });
}

/** Undefined if the marker is missing or incomplete. */
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

/** The longest part of a path that is there. */
async function existingPart(path: string): Promise<string> {
  for (let part = path; dirname(part) !== part; part = dirname(part)) {
    const found = await lstat(part).catch(() => undefined);
    if (found) return part;
  }
  return path;
}

/** Names in a folder; undefined if it does not exist. */
async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    if (systemCode(cause) === 'ENOTDIR') {
      const file = await existingPart(folder);
      throw new CommandError(`${file} is a file, not a folder; name a new or empty folder with --out`, { cause });
    }
    throw cause;
  }
}
