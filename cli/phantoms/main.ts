/** `npm run phantoms`: writes a set of phantoms with questions and answers. `npm run phantoms -- --help` */
import { Command, Option } from 'commander';
import type { Floor } from '#core/phantoms/balance.ts';
import { SET_SIZE, SETS, SPLITS, type Split } from '#core/phantoms/sets.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { imageKinds, TASKS, type Task } from '#core/phantoms/task.ts';
import { progressBar } from '../shared/progress-bar.ts';
import { PhantomSetError, writePhantomSet } from './phantom-set.ts';
import { wholeNumber } from '../shared/whole-number.ts';

interface Flags {
  seed: number;
  count: number;
  out: string;
  task: Task;
  split: Split;
  questions: number;
}

const program = new Command('phantoms')
  .description(
    'Draws phantoms (images in the manner of scans, of no patient) and writes them with questions and answers in English ' +
      'and Korean: images.npy, truth.jsonl, questions.jsonl, meta.json. The same seed gives the same files.',
  )
  .requiredOption('--seed <number>', 'number of the set', wholeNumber(0, SETS - 1))
  .requiredOption('--count <phantoms>', 'phantoms in the set', wholeNumber(1, SET_SIZE))
  .requiredOption('--out <folder>', 'folder of the set; must be new or empty')
  .addOption(new Option('--task <task>', 'what is asked, and how it is answered').choices(TASKS).default('base'))
  .addOption(
    new Option('--split <split>', 'what the set is for; no phantom is in two splits').choices(SPLITS).default('train'),
  )
  .option('--questions <number>', 'questions about each phantom in each language', wholeNumber(1, 100), 4);

const abort = new AbortController();

async function main(): Promise<void> {
  const flags = program.parse().opts<Flags>();
  // The first signal cleans up; a second one ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => abort.abort(new PhantomSetError(`stopped by ${signal}; nothing was kept`)));
  }
  const bar = progressBar(flags.count * SIDE * SIDE);
  const meta = await writePhantomSet({
    ...flags,
    signal: abort.signal,
    onProgress: (phantoms) => bar.add(phantoms * SIDE * SIDE),
  }).finally(() => bar.stop());
  console.log(floorTable(meta.task, meta.floors));
  const { about_images: about, without_image: without } = meta.questions;
  console.log(
    `${flags.out}: ${meta.phantoms} phantoms (${meta.task}, ${meta.split}, seed ${meta.seed}), ` +
      `${about} questions about them, ${without} without image`,
  );
}

/** Accuracy that guessing reaches, in percent. */
function floorTable(task: Task, floors: Readonly<Record<string, Floor>>): string {
  const percent = (fraction: number | undefined) =>
    fraction === undefined ? '' : `${(100 * fraction).toFixed(1)} %`.padStart(8);
  const rows = imageKinds(task).map((kind) => {
    const [en, ko] = [floors[`${kind} en`], floors[`${kind} ko`]];
    const figures = [en?.majority, ko?.majority, en?.text_only, ko?.text_only].map(percent);
    return `${kind.padEnd(16)}${figures.join('  ')}`;
  });
  return [
    'right by guessing      the commonest answer  without the image',
    `${''.padEnd(16)}${['English', 'Korean', 'English', 'Korean'].map((name) => name.padStart(8)).join('  ')}`,
    ...rows,
  ].join('\n');
}

main().catch((error: unknown) => {
  console.error(error instanceof PhantomSetError ? `error: ${error.message}` : error);
  // 130 is what shells give a command that Ctrl-C ended.
  process.exitCode = abort.signal.aborted ? 130 : 1;
});
