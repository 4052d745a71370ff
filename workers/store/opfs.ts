/** The folders of the store in the origin-private file system (OPFS). */

/** What earlier versions of the page kept: one folder for each address, with files that were written from begin to end. */
const OLD_FOLDER = 'packages';

declare global {
  /** TypeScript's library does not have it; Chrome has it from 110 on, Firefox from 111. */
  interface FileSystemFileHandle {
    /** Renames the file in its folder. */
    move?(name: string): Promise<void>;
  }
}

/** Bytes that are copied at a time. */
const COPY_BYTES = 8 * 2 ** 20;

/** A folder of the store; undefined where the browser has no OPFS, or refuses it (private window). */
export async function storeFolder(name: 'blobs' | 'packages'): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    // It would take space that nobody sees and nothing reads. Another tab may still use it: then the next visit removes it.
    await root.removeEntry(OLD_FOLDER, { recursive: true }).catch(() => undefined);
    const store = await root.getDirectoryHandle('model-store', { create: true });
    return await store.getDirectoryHandle(name, { create: true });
  } catch {
    return undefined;
  }
}

/** The file; undefined if there is none. */
export async function fileIn(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  const handle = await folder.getFileHandle(name).catch(ignoreMissing);
  return handle?.getFile();
}

/** @throws DOMException QuotaExceededError; NoModificationAllowedError when another tab is writing it */
export async function writeText(folder: FileSystemDirectoryHandle, name: string, text: string): Promise<void> {
  const handle = await openForWriting(folder, name);
  try {
    handle.truncate(0);
    writeAt(handle, new TextEncoder().encode(text), 0);
    handle.flush();
  } finally {
    handle.close();
  }
}

/** @throws DOMException NoModificationAllowedError when it is open elsewhere */
export async function openForWriting(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemSyncAccessHandle> {
  return (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
}

/** @throws DOMException QuotaExceededError, also where the browser wrote only a part */
export function writeAt(handle: FileSystemSyncAccessHandle, bytes: Uint8Array<ArrayBuffer>, at: number): void {
  if (handle.write(bytes, { at }) !== bytes.byteLength)
    throw new DOMException('only a part of the bytes was written', 'QuotaExceededError');
}

export async function removeFile(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await folder.removeEntry(name).catch(ignoreMissing);
}

/** Replaces a file `to`; does nothing where there is no file `from`. A browser that cannot rename copies, which takes the space of the file meanwhile. */
export async function renameFile(folder: FileSystemDirectoryHandle, from: string, to: string): Promise<void> {
  const handle = await folder.getFileHandle(from).catch(ignoreMissing);
  if (!handle) return;
  await removeFile(folder, to);
  if (handle.move) {
    await handle.move(to);
    return;
  }
  const file = await handle.getFile();
  const copy = await openForWriting(folder, to);
  try {
    copy.truncate(0);
    for (let at = 0; at < file.size; at += COPY_BYTES)
      writeAt(copy, new Uint8Array(await file.slice(at, at + COPY_BYTES).arrayBuffer()), at);
    copy.flush();
  } finally {
    copy.close();
  }
  await removeFile(folder, from);
}

/** Undefined for "there is none". @throws any other error */
export function ignoreMissing(error: unknown): undefined {
  if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
  throw error;
}

/** Why the browser's storage did not take a file; undefined for other errors. */
export function whyNotKept(error: unknown): 'no-room' | 'locked' | undefined {
  if (!(error instanceof DOMException)) return undefined;
  if (error.name === 'QuotaExceededError') return 'no-room';
  return error.name === 'NoModificationAllowedError' ? 'locked' : undefined;
}

/** True if the browser's quota has room for that many more bytes. */
export async function hasRoom(bytes: number): Promise<boolean> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return quota - usage >= bytes;
}
