/** Writes the stick: page, packages, server, texts, checksums. */
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandIo } from '../shared/command.ts';
import { printLine } from '../shared/command.ts';
import { onFile } from '../shared/errors.ts';
import { OutputFolder } from '../shared/output-folder.ts';
import { progressBar } from '../shared/progress.ts';
import { copyHashed, hashOf } from './copy-hashed.ts';
import { pageFolder, packageFolder, type SourceFolder } from './source-folder.ts';
import { readme, startPage, type ShownPackage } from './texts.ts';

const SERVER = fileURLToPath(new URL('stick/', import.meta.url));

export interface StickOptions {
  packages: readonly string[];
  out: string;
  page: string;
  kiosk: boolean;
}

/**
 * @returns what stands on the stick
 * @throws CommandError for a folder that is no built page or no package, and for a package that differs from its manifest;
 *   then nothing is left in `out`
 */
export async function writeStick(options: StickOptions, io: CommandIo): Promise<{ files: number; bytes: number }> {
  const page = await pageFolder(options.page);
  const packages: SourceFolder[] = [];
  for (const folder of options.packages) packages.push(await packageFolder(folder, packages));
  const sources = [page, ...packages];
  const bytes = sources.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
  const note = (text: string) => printLine(io.stderr, text);
  for (const { note: terms, name } of packages) {
    note(`${name}: whoever gives the stick away passes these weights on, on their terms: ${terms || 'not stated'}`);
  }
  const folder = await OutputFolder.create(options.out, { bytes, command: 'booth', note });
  try {
    const sums = await copyAll(sources, folder.partial, bytes, io);
    for (const [path, hash] of await writeTexts(folder.partial, packages, options.kiosk)) sums.set(path, hash);
    const lines = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, hash]) => `${hash}  ${path}\n`);
    await writeFile(join(folder.partial, 'SHA256SUMS'), lines.join(''));
    await folder.commit();
    return { files: sums.size + 1, bytes };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

/** @returns SHA-256 by path on the stick */
async function copyAll(
  sources: readonly SourceFolder[],
  target: string,
  bytes: number,
  { stderr, signal }: CommandIo,
): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  const bar = progressBar(stderr, bytes, { label: 'copying', unit: 'bytes' });
  try {
    for (const { from, to, files } of sources) {
      for (const file of files) {
        const path = `${to}/${file.path}`;
        await mkdir(dirname(join(target, path)), { recursive: true });
        const hash = await copyHashed(join(from, file.read), join(target, path), signal, (count) => bar.add(count));
        file.check(hash);
        sums.set(path, hash);
      }
    }
  } finally {
    bar.stop();
  }
  return sums;
}

/** The server and what people read. */
async function writeTexts(
  target: string,
  packages: readonly SourceFolder[],
  isKiosk: boolean,
): Promise<[string, string][]> {
  const shown: ShownPackage[] = packages.map(({ name, to, note }) => ({ name, folder: to, terms: note }));
  const written: Record<string, string> = {
    'index.html': startPage(shown, isKiosk),
    'README.md': readme('en', shown, isKiosk),
    'README.ko.md': readme('ko', shown, isKiosk),
  };
  for (const [name, text] of Object.entries(written)) await writeFile(join(target, name), text);
  const servers = await readdir(SERVER);
  for (const name of servers) await onFile(join(target, name), copyFile(join(SERVER, name), join(target, name)));
  const names = [...Object.keys(written), ...servers];
  return Promise.all(names.map(async (name): Promise<[string, string]> => [name, await hashOf(join(target, name))]));
}
