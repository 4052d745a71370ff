/**
 * Command line that copies the results of a finished run of `npm run teach` to public/models: packages, checkpoints,
 * adapters, all figures (results.json), the hashes of the packages they were measured with (packages.json) and the model card.
 * Nothing in that folder is written by hand. Git ignores the packages: `npm run models` makes them again.
 */
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { modelCard } from './card.ts';
import { RECORDED, recordOf } from './teaching-packages.ts';
import { ADAPTERS, MODELS } from './plan.ts';
import { collectResults } from './results.ts';
import { commitsSinceRelease } from './since-release.ts';
import { MAX_SHIPPED_BYTES, MAX_SHIPPED_BYTES_IN_GIT, sizeInGit, sizeOf } from './size.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const flags = createCommand('teach:ship', io)
      .description('Copies the models, adapters and figures of a finished run of `npm run teach` to public/models.')
      .option('--run <folder>', 'folder of the run', 'training/runs')
      .option('--out <folder>', 'target folder', 'public/models')
      .option('--again', 'also when models were committed since the last release', false)
      .parse(args, { from: 'user' })
      .opts<{ run: string; out: string; again: boolean }>();
    if (!flags.again) await refuseSecondRetraining();
    const { bytes, inGit } = await ship(resolve(flags.run), flags.out, io.signal);
    printLine(io.stdout, `${flags.out}: ${megabytes(bytes)}, of which ${megabytes(inGit)} go into git`);
  });
}

/** Allows one retraining a release: docs/decisions/0011-shipped-models.md. */
async function refuseSecondRetraining(): Promise<void> {
  const since = await commitsSinceRelease(root, ['public/models/*-fp16', 'public/models/adapters']);
  if (!since || since.commits.length === 0) return;
  throw new CommandError(
    `models were committed since ${since.release} (${since.commits.join(', ')}), and another commit of them stays in every clone; ` +
      'amend that commit if it was not pushed, or wait for the next release; --again ships all the same',
  );
}

/** @returns bytes in the page, and those of them that git keeps */
async function ship(run: string, out: string, signal: AbortSignal): Promise<{ bytes: number; inGit: number }> {
  const folders = [
    ...MODELS.flatMap((model) => [`${model}-fp16`, `${model}-q4`].map((name) => [join('models', name), name] as const)),
    ...ADAPTERS.map(({ name }) => [join('adapters', name, 'adapter'), join('adapters', name)] as const),
  ];
  const missing = folders.map(([from]) => from).filter((from) => !existsSync(join(run, from)));
  if (missing.length > 0) throw new CommandError(`${run} has no ${missing.join(', no ')}; npm run teach makes them`);

  const results = await collectResults(run);
  await mkdir(out, { recursive: true });
  // Everything is complete in a folder beside before anything is replaced.
  const partial = await mkdtemp(join(out, '.ship-'));
  try {
    for (const [from, to] of folders) {
      signal.throwIfAborted();
      await cp(join(run, from), join(partial, to), { recursive: true });
    }
    const packages: Record<string, Record<string, string>> = {};
    for (const model of MODELS) packages[`${model}-q4`] = await recordOf(join(partial, `${model}-q4`));
    await writeFile(join(partial, RECORDED), `${JSON.stringify(packages, null, 1)}\n`);
    await writeFile(join(partial, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
    await writeFile(join(partial, 'README.md'), modelCard(results, await sizeOf(partial)));
    const [bytes, inGit] = [await sizeOf(partial), await sizeInGit(partial)];
    if (bytes > MAX_SHIPPED_BYTES || inGit > MAX_SHIPPED_BYTES_IN_GIT) {
      throw new CommandError(
        `${megabytes(bytes)} in the page, ${megabytes(inGit)} in git; at most ${megabytes(MAX_SHIPPED_BYTES)} and ${megabytes(MAX_SHIPPED_BYTES_IN_GIT)}: leave something out of cli/teach/plan.ts`,
      );
    }
    signal.throwIfAborted();
    for (const name of await readdir(partial)) {
      await rm(join(out, name), { recursive: true, force: true });
      await rename(join(partial, name), join(out, name));
    }
    return { bytes, inGit };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
