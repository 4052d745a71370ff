/**
 * Command line that evaluates the q4 packages again after the exporter changed what it writes: `npm run teach:remeasure`. Their figures
 * in results.json, their hashes in packages.json and the model card follow. The weights themselves do not change.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tools } from '../../scripts/node-process.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { modelCard } from './card.ts';
import { EVALUATION_SEED, FULL, MODELS } from './plan.ts';
import { readScores, type Results } from './results.ts';
import { sizeOf } from './size.ts';
import { makePackages, RECORDED, recordOf, SHIPPED } from './teaching-packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    createCommand('teach:remeasure', io)
      .description(
        'Makes and evaluates the q4 packages in public/models, and writes their figures, their hashes and the model card. For a change of the exporter, not of the weights.',
      )
      .parse(args, { from: 'user' });
    await remeasure((text) => printLine(io.stdout, text), io.signal);
  });
}

async function remeasure(log: (text: string) => void, signal: AbortSignal): Promise<void> {
  const { models } = SHIPPED;
  await makePackages({ ...SHIPPED, signal, log });
  const file = join(models, 'results.json');
  // Written by `teach:ship` from this type; tests/unit/shipped reads every figure of it.
  const results = JSON.parse(await readFile(file, 'utf8')) as Results;
  const packages: Record<string, Record<string, string>> = {};
  for (const model of MODELS) {
    const folder = join(models, `${model}-q4`);
    const evaluate = ['cli/evaluate/main.ts', '--package', folder, '--seed', `${EVALUATION_SEED}`, '--json'];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...tools.tsx, ...evaluate, '--count', `${FULL.packagePhantoms}`],
      { cwd: root, maxBuffer: 2 ** 24, signal },
    );
    const scores = readScores(JSON.parse(stdout), `the evaluation of ${folder}`);
    const before = results.models[model].packages['q4']?.exact_match;
    log(
      `${model}-q4: ${percent(scores.exact_match)} right, ${before === undefined ? 'not known' : percent(before)} before`,
    );
    results.models[model].packages['q4'] = scores;
    packages[`${model}-q4`] = await recordOf(folder);
  }
  await writeFile(file, `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(join(models, RECORDED), `${JSON.stringify(packages, null, 1)}\n`);
  await writeFile(join(models, 'README.md'), modelCard(results, await sizeOf(models)));
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
