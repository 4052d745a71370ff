import type { PackageFile, PackageSource } from '#core/protocol/engine.ts';

export type FolderSource = PackageSource & { type: 'files' };

/** @returns undefined when the visitor closed the picker, or where the browser has none (`canPickFolder`) */
export async function pickFolder(): Promise<FolderSource | undefined> {
  const folder = await pick('read');
  return folder && packageOf(folder.name, await filesOfHandle(folder, ''));
}

/** A folder that a package is written into; undefined as of `pickFolder`. */
export const pickExportFolder = (): Promise<FileSystemDirectoryHandle | undefined> => pick('readwrite');

async function pick(mode: 'read' | 'readwrite'): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await window.showDirectoryPicker?.({ id: 'model-package', mode });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    throw error;
  }
}

export const canPickFolder = 'showDirectoryPicker' in window;

/** From `<input type="file" webkitdirectory>`. */
export function inputFolder(list: FileList): FolderSource {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, blob: file }));
  return packageOf(files[0]?.path.split('/')[0] ?? '', files);
}

/** From what was dropped: folders, or the files of a package. */
export async function droppedFolder(entries: readonly FileSystemEntry[]): Promise<FolderSource> {
  const nested = await Promise.all(entries.map((entry) => filesOfEntry(entry, '')));
  return packageOf(entries[0]?.name ?? '', nested.flat());
}

/** Paths become relative to the folder that holds the topmost `config.json` or `adapter_config.json`; hidden files are left out. */
function packageOf(name: string, files: readonly PackageFile[]): FolderSource {
  const depth = (path: string) => path.split('/').length;
  const configs = files.map((file) => file.path).filter((path) => /(^|\/)(?:adapter_)?config\.json$/.test(path));
  const top = configs.sort((a, b) => depth(a) - depth(b))[0];
  const root = top?.replace(/(?:adapter_)?config\.json$/, '') ?? '';
  const inside = files
    .filter(({ path }) => path.startsWith(root) && !/(^|\/)\./.test(path.slice(root.length)))
    .map(({ path, blob }) => ({ path: path.slice(root.length), blob }));
  return { type: 'files', name: root.split('/').filter(Boolean).at(-1) ?? name, files: inside };
}

async function filesOfHandle(folder: FileSystemDirectoryHandle, prefix: string): Promise<PackageFile[]> {
  const files: PackageFile[] = [];
  for await (const entry of folder.values()) {
    const path = prefix + entry.name;
    if (entry instanceof FileSystemDirectoryHandle) files.push(...(await filesOfHandle(entry, `${path}/`)));
    else if (entry instanceof FileSystemFileHandle) files.push({ path, blob: await entry.getFile() });
  }
  return files;
}

// Chromium has no global for the interfaces of entries.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

async function filesOfEntry(entry: FileSystemEntry, prefix: string): Promise<PackageFile[]> {
  const path = prefix + entry.name;
  if (isFile(entry)) {
    const blob = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path, blob }];
  }
  if (!isFolder(entry)) return [];
  const reader = entry.createReader();
  const files: PackageFile[] = [];
  // readEntries returns at most a hundred entries a call; an empty list ends it.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return files;
    for (const child of batch) files.push(...(await filesOfEntry(child, `${path}/`)));
  }
}
