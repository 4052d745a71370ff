/** Says what a person gave in place of a folder with a checkpoint, a package or an adapter, and what to run next. */
import { existsSync } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { otherKind, otherKindText, type Wanted } from '#core/model-files/other-kind.ts';
import { printable } from '#core/printable.ts';

const WANTED: Record<Wanted, string> = {
  checkpoint: '--checkpoint names a folder with config.json and safetensors',
  package: '--package names what "npm run export" wrote',
  adapter: "an adapter is the folder that PEFT's save_pretrained writes",
};
/** Last part of the command that follows a download. */
const THEN: Record<Wanted, string> = {
  checkpoint: 'npm run export -- --checkpoint',
  package: 'npm run evaluate -- --package',
  adapter: 'npm run export -- --checkpoint BASE --adapter',
};
/** OWNER/NAME as the hub allows it. */
const HUB_ID = /^[\w.-]{1,96}\/[\w.-]{1,96}$/u;
const HUB_URL = /^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)/u;
const MAX_LISTED = 10_000;

/** For a path that is no folder. */
export async function explainNoFolder(wanted: Wanted, given: string): Promise<string> {
  const shown = printable(given);
  const hint = WANTED[wanted];
  const found = await lstat(given).catch(() => undefined);
  if (found?.isSymbolicLink() && !existsSync(given))
    return `${shown} is a link to ${printable(await readlink(given))}, which does not exist; restore the target; ${hint}`;
  if (found) {
    const kind = otherKind(wanted, [basename(given)]);
    return `${shown} is a file, not a folder; ${kind ? otherKindText(kind) : isPart(given) ? `name the folder it is in; ${hint}` : hint}`;
  }
  const id = HUB_URL.exec(given)?.[1] ?? (HUB_ID.test(given) && !given.startsWith('.') ? given : undefined);
  if (id !== undefined) {
    const folder = id.split('/').at(-1);
    return `${shown} does not exist here. If you mean the model of that name on Hugging Face, download it first: hf download ${id} --local-dir ${folder}, then ${THEN[wanted]} ${folder}`;
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//iu.test(given))
    return `${shown} is an address; download the files into a folder first and name that; ${hint}`;
  return `${shown} does not exist; ${hint}`;
}

/** A file that belongs to what is wanted. */
function isPart(path: string): boolean {
  return /\.(?:safetensors|json|model)$/u.test(path);
}

/** For a folder without a file that it needs. */
export async function explainMissing(wanted: Wanted, folder: string, file: string): Promise<string> {
  const missing = `${printable(file)} is missing in ${printable(folder)}`;
  const paths = await filesUnder(folder);
  if (paths.length === 0) return `${missing}: the folder is empty; ${WANTED[wanted]}`;
  const dangling = await danglingLinks(folder, paths);
  const [first] = dangling;
  if (first !== undefined)
    return `${missing}; ${printable(first.path)} is a link to ${printable(first.target)}, which does not exist (${dangling.length} such links): copy the folder with the files that the links lead to (cp -rL)`;
  const kind = otherKind(wanted, paths);
  return kind ? `${missing}; ${otherKindText(kind)}` : `${missing}; ${WANTED[wanted]}`;
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
