/** Command line that makes the teaching models: `npm run teach -- --help`. Finished steps are not repeated. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { SETS } from '#core/phantoms/sets.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { wholeNumber } from '../shared/options.ts';
import { FULL, plan, SMOKE, type Amounts, type Step } from './plan.ts';
import { runStep } from './run-step.ts';

interface Flags {
  out: string;
  python: string;
  seed: number;
  smoke: boolean;
  list: boolean;
}

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  const texts = { stopped: 'finished steps are kept', afterError: 'The same command continues from here.' };
  return runCommand(io, () => teach(createProgram(io).parse(args, { from: 'user' }).opts<Flags>(), io), texts);
}

function createProgram(io: CommandIo): Command {
  return createCommand('teach', io)
    .description(
      'Trains the teaching models on two cores in about two and a half hours: phantoms, base model, Korean vocabulary in stages, ' +
        'adapters, packages, evaluations. The same command continues where it stopped.',
    )
    .option('--out <folder>', 'folder of the run, new or to be continued', 'training/runs')
    .option('--python <program>', 'Python with training/requirements.txt installed', process.env['PYTHON'] ?? 'python3')
    .option('--seed <number>', 'seed of the weights, the phantoms and their order', wholeNumber(0, SETS - 1), 0)
    .option('--smoke', 'run every step for a minute in all; the models learn nothing', false)
    .option('--list', 'print which steps are done and which are left, then end', false);
}

async function teach(flags: Flags, io: CommandIo): Promise<void> {
  const folder = resolve(flags.out);
  const amounts = flags.smoke ? SMOKE : FULL;
  const steps = plan(folder, flags.seed, amounts);
  const isDone = ({ done }: Step) => existsSync(join(folder, done));
  if (flags.list) {
    for (const step of steps) printLine(io.stdout, `${isDone(step) ? 'done' : 'left'}  ${step.name}`);
    return;
  }
  await keepOptions(folder, flags.seed, amounts);
  await mkdir(join(folder, 'evaluations'), { recursive: true });
  // The path of a program is relative to the current folder, and Python runs in training/.
  const python = flags.python.includes('/') ? resolve(flags.python) : flags.python;
  for (const [index, step] of steps.entries()) {
    const label = `[${index + 1}/${steps.length}] ${step.name}`;
    if (isDone(step)) {
      printLine(io.stdout, `${label}: done`);
      continue;
    }
    printLine(io.stdout, label);
    const begin = performance.now();
    await runStep(step, python, io);
    if (!isDone(step))
      throw new CommandError(`${step.name} ended with status 0 but wrote no ${join(folder, step.done)}`);
    const seconds = Math.round((performance.now() - begin) / 1000);
    await appendFile(join(folder, 'times.jsonl'), `${JSON.stringify({ step: step.name, seconds })}\n`);
    printLine(io.stdout, `${label}: ${seconds} s`);
  }
  printLine(
    io.stdout,
    `${folder}: all ${steps.length} steps are done; npm run teach:ship -- --run ${flags.out} copies the results to public/models`,
  );
}

/** Refuses to mix two runs with other amounts in one folder. */
async function keepOptions(folder: string, seed: number, amounts: Amounts): Promise<void> {
  const path = join(folder, 'teach.json');
  const options = `${JSON.stringify({ seed, amounts }, null, 2)}\n`;
  await mkdir(folder, { recursive: true });
  if (!existsSync(path)) await writeFile(path, options);
  else if ((await readFile(path, 'utf8')) !== options) {
    throw new CommandError(`${folder} holds a run with another seed or other amounts; name a new folder with --out`);
  }
}
