/**
 * Command line that copies the results of a finished run of `npm run teach` to public/models: packages, checkpoints,
 * adapters, all figures (results.json) and the model card. Nothing in that folder is written by hand.
 */
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { modelCard } from './card.ts';
import { ADAPTERS, MODELS } from './plan.ts';
import { collectResults } from './results.ts';
import { MAX_SHIPPED_BYTES, sizeOf } from './size.ts';

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const flags = createCommand('teach:ship', io)
      .description('Copies the models, adapters and figures of a finished run of `npm run teach` to public/models.')
      .option('--run <folder>', 'folder of the run', 'training/runs')
      .option('--out <folder>', 'target folder', 'public/models')
      .parse(args, { from: 'user' })
      .opts<{ run: string; out: string }>();
    const bytes = await ship(resolve(flags.run), flags.out, io.signal);
    printLine(io.stdout, `${flags.out}: ${(bytes / 1e6).toFixed(1)} MB`);
  });
}

/** @returns bytes of what was copied */
async function ship(run: string, out: string, signal: AbortSignal): Promise<number> {
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
    await writeFile(join(partial, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
    await writeFile(join(partial, 'README.md'), modelCard(results, await sizeOf(partial)));
    const bytes = await sizeOf(partial);
    if (bytes > MAX_SHIPPED_BYTES) {
      throw new CommandError(
        `${(bytes / 1e6).toFixed(1)} MB are more than the ${MAX_SHIPPED_BYTES / 1e6} MB of the repository; leave something out of cli/teach/plan.ts`,
      );
    }
    signal.throwIfAborted();
    for (const name of await readdir(partial)) {
      await rm(join(out, name), { recursive: true, force: true });
      await rename(join(partial, name), join(out, name));
    }
    return bytes;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
