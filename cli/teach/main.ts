/**
 * `npm run teach`: makes the teaching models from nothing, step by step. What is done is not done again, so the same
 * command goes on where it stopped. `npm run teach -- --help`
 */
import { spawn } from 'node:child_process';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { SETS } from '#core/phantoms/sets.ts';
import { tools } from '../../scripts/node-process.ts';
import { wholeNumber } from '../shared/whole-number.ts';
import { FULL, plan, SMOKE, type Step } from './plan.ts';

interface Flags {
  out: string;
  python: string;
  seed: number;
  smoke: boolean;
  list: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

const flags = new Command('teach')
  .description(
    'Trains the teaching models on two cores in about two and a half hours: phantoms, base model, Korean vocabulary in stages, ' +
      'adapters, packages, evaluations. The same command goes on where it stopped.',
  )
  .option('--out <folder>', 'folder of the run; made, or gone on with', 'training/runs')
  .option('--python <program>', 'Python with training/requirements.txt installed', process.env['PYTHON'] ?? 'python3')
  .option('--seed <number>', 'of the weights, the phantoms and their order', wholeNumber(0, SETS - 1), 0)
  .option('--smoke', 'a minute of everything, to see that the parts fit: it learns nothing', false)
  .option('--list', 'say what is done and what is left, and end', false)
  .parse()
  .opts<Flags>();

const folder = resolve(flags.out);
// A path to a program is meant from where the command was typed; Python runs in training/.
const python = flags.python.includes('/') ? resolve(flags.python) : flags.python;

function run({ run }: Step): Promise<void> {
  const [program, args, cwd] =
    'python' in run
      ? [python, ['-m', ...run.python], join(root, 'training')]
      : [process.execPath, [...tools.tsx, ...run.node], root];
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => failed(new Error(`${program} does not start: ${error.message}`)));
    child.on('close', (status, signal) => {
      if (status === 0) done();
      else failed(new Error(`${program} ${args.join(' ')}\nended with ${signal ?? status}`));
    });
  });
}

/** Two runs with other amounts in one folder would be mixed. */
async function keepOptions(): Promise<void> {
  const path = join(folder, 'teach.json');
  const options = `${JSON.stringify({ seed: flags.seed, amounts: flags.smoke ? SMOKE : FULL }, null, 2)}\n`;
  await mkdir(folder, { recursive: true });
  if (!existsSync(path)) await writeFile(path, options);
  else if ((await readFile(path, 'utf8')) !== options) {
    throw new Error(`${folder} holds a run with another seed or other amounts; name a new folder with --out`);
  }
}

async function main(): Promise<void> {
  const steps = plan(folder, flags.seed, flags.smoke ? SMOKE : FULL);
  const isDone = ({ done }: Step) => existsSync(join(folder, done));
  if (flags.list) {
    for (const step of steps) console.log(`${isDone(step) ? 'done' : 'left'}  ${step.name}`);
    return;
  }
  await keepOptions();
  await mkdir(join(folder, 'evaluations'), { recursive: true });
  for (const [index, step] of steps.entries()) {
    const label = `[${index + 1}/${steps.length}] ${step.name}`;
    if (isDone(step)) {
      console.log(`${label}: done`);
      continue;
    }
    console.log(label);
    const begin = performance.now();
    await run(step);
    if (!isDone(step)) throw new Error(`${step.name} ended well but left no ${join(folder, step.done)}`);
    const seconds = Math.round((performance.now() - begin) / 1000);
    await appendFile(join(folder, 'times.jsonl'), `${JSON.stringify({ step: step.name, seconds })}\n`);
    console.log(`${label}: ${seconds} s`);
  }
  console.log(
    `${folder}: all ${steps.length} steps are done; npm run teach:ship -- --run ${flags.out} takes them over`,
  );
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  console.error('The same command goes on from here.');
  process.exitCode = 1;
});
