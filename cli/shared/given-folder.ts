/** Says what a person gave in place of a folder with a checkpoint, a package or an adapter, and what to run next. */
import { existsSync } from 'node:fs';
import { lstat, open, readdir, readlink, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { explainMissingAmong, isPartOfModel, otherKind, otherKindText, wantedText } from '#core/files/folder-kind.ts';
import { KIND_BYTES, kindOf } from '#core/files/kind.ts';
import type { FolderWanted } from '#core/files/kinds.ts';
import { isAnswer, nextStep } from '#core/files/words.ts';
import { printable } from '#core/printable.ts';

/** Last part of the command that follows a download. */
const THEN: Record<FolderWanted, string> = {
  checkpoint: 'npm run export -- --checkpoint',
  package: 'npm run generate -- "PROMPT" --package',
  adapter: 'npm run export -- --checkpoint BASE --adapter',
};
/** OWNER/NAME as the hub allows it. */
const HUB_ID = /^[\w.-]{1,96}\/[\w.-]{1,96}$/u;
const HUB_URL = /^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)/u;
const MAX_LISTED = 10_000;

/** For a path that is no folder. */
export async function explainNoFolder(wanted: FolderWanted, given: string): Promise<string> {
  const shown = printable(given);
  const hint = wantedText(wanted);
  const found = await lstat(given).catch(() => undefined);
  if (found?.isSymbolicLink() && !existsSync(given))
    return `${shown} is a link to ${printable(await readlink(given))}, which does not exist; restore the target; ${hint}`;
  if (found) return `${shown} is a file, not a folder; ${await explainFile(wanted, given)}`;
  const id = HUB_URL.exec(given)?.[1] ?? (HUB_ID.test(given) && !given.startsWith('.') ? given : undefined);
  if (id !== undefined) {
    const folder = id.split('/').at(-1);
    return `${shown} does not exist here. If you mean the model of that name on Hugging Face, download it first: hf download ${id} --local-dir ${folder}, then ${THEN[wanted]} ${folder}`;
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//iu.test(given))
    return `${shown} is an address; download the files into a folder first and name that; ${hint}`;
  return `${shown} does not exist; ${hint}`;
}

async function explainFile(wanted: FolderWanted, given: string): Promise<string> {
  const hint = wantedText(wanted);
  const file = basename(given);
  const content = kindOf(await headOf(given));
  const byContent = content && otherKindText({ ...content, file, next: nextStep(content.kind, wanted) });
  // What a download left in place of the file has the name of the file.
  if (byContent !== undefined && content && content.kind !== 'empty' && isAnswer(content.kind)) return byContent;
  const isOwn = isPart(given) && (!content || content.kind === 'empty' || isPartOfModel(content.kind));
  const byName = otherKind(wanted, [file]);
  if (byName) return otherKindText(byName);
  return isOwn ? `name the folder it is in; ${hint}` : (byContent ?? hint);
}

/** Empty for what is no file or cannot be read. */
export async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path).catch(() => undefined);
  try {
    const { buffer, bytesRead } = (await file?.read(Buffer.alloc(KIND_BYTES), 0, KIND_BYTES, 0)) ?? {};
    return buffer?.subarray(0, bytesRead) ?? new Uint8Array();
  } catch {
    return new Uint8Array();
  } finally {
    await file?.close();
  }
}

/** A file that belongs to what is wanted. */
function isPart(path: string): boolean {
  return /\.(?:safetensors|json|model)$/u.test(path);
}

/** For a folder without a file that it needs. */
export async function explainMissing(wanted: FolderWanted, folder: string, file: string): Promise<string> {
  const missing = `${printable(file)} is missing in ${printable(folder)}`;
  const paths = await filesUnder(folder);
  if (paths.length === 0) return `${missing}: the folder is empty; ${wantedText(wanted)}`;
  const dangling = await danglingLinks(folder, paths);
  const [first] = dangling;
  if (first !== undefined)
    return `${missing}; ${printable(first.path)} is a link to ${printable(first.target)}, which does not exist (${dangling.length} such links): copy the folder with the files that the links lead to (cp -rL)`;
  return explainMissingAmong(wanted, folder, file, paths, (path) => headOf(join(folder, path)));
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .slice(0, MAX_LISTED)
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(join(folder, '.').length + 1)
        .split(sep)
        .join('/'),
    );
}

async function danglingLinks(folder: string, paths: readonly string[]): Promise<{ path: string; target: string }[]> {
  const links: { path: string; target: string }[] = [];
  for (const path of paths) {
    const full = join(folder, path);
    if (!(await lstat(full).catch(() => undefined))?.isSymbolicLink()) continue;
    if (!(await stat(full).catch(() => undefined))) links.push({ path, target: await readlink(full) });
  }
  return links;
}
