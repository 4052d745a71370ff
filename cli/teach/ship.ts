/**
 * `npm run teach:ship`: takes over what a finished run of `npm run teach` made into public/models: packages, sources,
 * adapters, all figures (results.json), the hashes of the packages they were measured with (packages.json) and the model
 * card. Nothing is written by hand there. Git ignores the packages: `npm run models` makes them again.
 */
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { modelCard } from './card.ts';
import { RECORDED, recordOf } from './packages.ts';
import { ADAPTERS, MODELS } from './plan.ts';
import { collectResults } from './results.ts';
import { commitsSinceRelease } from './since-release.ts';
import { LARGEST, LARGEST_IN_GIT, sizeInGit, sizeOf } from './size.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** One retraining a release: docs/decisions/0011-shipped-models.md. */
async function refuseSecond(): Promise<void> {
  const since = await commitsSinceRelease(root, ['public/models/*-fp16', 'public/models/adapters']);
  if (!since || since.commits.length === 0) return;
  throw new Error(
    `models were committed since ${since.release} (${since.commits.join(', ')}), and another commit of them stays in every clone; ` +
      'amend that commit if it was not pushed, or wait for the next release; --again ships all the same',
  );
}

async function main(): Promise<void> {
  const flags = new Command('teach:ship')
    .description('Takes over the models, adapters and figures of a finished run of `npm run teach` into public/models.')
    .option('--run <folder>', 'folder of the run', 'training/runs')
    .option('--out <folder>', 'where to', join(root, 'public/models'))
    .option('--again', 'also when models were committed since the last release', false)
    .parse()
    .opts<{ run: string; out: string; again: boolean }>();
  if (!flags.again) await refuseSecond();
  const run = resolve(flags.run);
  const folders = [
    ...MODELS.flatMap((model) => [`${model}-fp16`, `${model}-q4`].map((name) => [join('models', name), name] as const)),
    ...ADAPTERS.map(({ name }) => [join('adapters', name, 'adapter'), join('adapters', name)] as const),
  ];
  const missing = folders.map(([from]) => from).filter((from) => !existsSync(join(run, from)));
  if (missing.length > 0) throw new Error(`${run} has no ${missing.join(', no ')}; npm run teach makes them`);

  const results = await collectResults(run);
  await mkdir(flags.out, { recursive: true });
  // All of it, or nothing: beside its place first.
  const partial = await mkdtemp(join(flags.out, '.ship-'));
  try {
    for (const [from, to] of folders) await cp(join(run, from), join(partial, to), { recursive: true });
    const packages: Record<string, Record<string, string>> = {};
    for (const model of MODELS) packages[`${model}-q4`] = await recordOf(join(partial, `${model}-q4`));
    await writeFile(join(partial, RECORDED), `${JSON.stringify(packages, null, 1)}\n`);
    await writeFile(join(partial, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
    await writeFile(join(partial, 'README.md'), modelCard(results, await sizeOf(partial)));
    const [bytes, inGit] = [await sizeOf(partial), await sizeInGit(partial)];
    if (bytes > LARGEST || inGit > LARGEST_IN_GIT) {
      throw new Error(
        `${megabytes(bytes)} in the page, ${megabytes(inGit)} in git; at most ${megabytes(LARGEST)} and ${megabytes(LARGEST_IN_GIT)}`,
      );
    }
    for (const name of await readdir(partial)) {
      await rm(join(flags.out, name), { recursive: true, force: true });
      await rename(join(partial, name), join(flags.out, name));
    }
    console.log(`${flags.out}: ${megabytes(bytes)}, of which ${megabytes(inGit)} go into git`);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
