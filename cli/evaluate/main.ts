/** `npm run evaluate`: how often a package answers right. `npm run evaluate -- --help` */
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import cliProgress from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { LANGUAGES, type Language } from '#core/phantoms/question.ts';
import { SET_SIZE, SETS, SPLITS, type Split } from '#core/phantoms/sets.ts';
import { TASKS, type Task } from '#core/phantoms/task.ts';
import { EvaluationError } from './errors.ts';
import { evaluate } from './evaluate.ts';
import { openModel } from './model.ts';
import { groupCount, meanGrey, type QuestionSet } from './questions.ts';
import { summarize } from './summary.ts';
import { summaryTable } from './table.ts';

interface Flags {
  package: string;
  seed: number;
  count: number;
  split: Split;
  task: Task;
  questions: number;
  languages: Language[];
  blank: boolean;
  threads: number;
  json: boolean;
  out?: string;
}

function wholeNumber(from: number, to: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < from || value > to) {
      throw new InvalidArgumentError(`Expected a whole number from ${from} to ${to}.`);
    }
    return value;
  };
}

function languageList(text: string): Language[] {
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.find((name) => !LANGUAGES.some((known) => known === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`Expected ${LANGUAGES.join(' or ')}, got "${unknown}".`);
  return LANGUAGES.filter((language) => asked.includes(language));
}

const program = new Command('evaluate')
  .description(
    'Lets a package of the teaching model answer the questions that `npm run phantoms` writes for the same seed, greedily, ' +
      'on the CPU, and counts what is right word for word. Names and meanings are those of python -m teaching.evaluate.',
  )
  .requiredOption('--package <folder>', 'a model package, as `npm run export` writes it')
  .requiredOption('--seed <number>', 'number of the set', wholeNumber(0, SETS - 1))
  .requiredOption('--count <phantoms>', 'phantoms of the set', wholeNumber(1, SET_SIZE))
  .addOption(new Option('--split <split>', 'where the set is taken from').choices(SPLITS).default('evaluation'))
  .addOption(new Option('--task <task>', 'what the model was taught').choices(TASKS).default('base'))
  .option('--questions <number>', 'questions about each phantom in each language', wholeNumber(1, 100), 4)
  .option('--languages <list>', 'languages of the questions', languageList, [...LANGUAGES])
  .option('--blank', 'show the mean grey level of the set instead of each image', false)
  .option('--threads <number>', 'processes of a thread each', wholeNumber(1, 64), availableParallelism())
  .option('--json', 'print JSON and nothing else', false)
  .option('--out <file>', 'write the JSON to a file too; an older one is replaced');

const abort = new AbortController();

async function main(): Promise<void> {
  const flags = program.parse().opts<Flags>();
  const { split, seed, count, task, questions, languages, threads } = flags;
  // The first signal cleans up; a second one ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => abort.abort(new EvaluationError(`stopped by ${signal}; nothing was kept`)));
  }
  if (flags.out !== undefined) await checkFolderOf(flags.out);
  // Opened here once, so that what is wrong with it is said at once.
  const { about } = await openModel(flags.package, 1);
  const blank = flags.blank ? meanGrey({ split, seed, count }) : undefined;
  const set: QuestionSet = { task, split, seed, count, questions, languages, blank };
  const begin = performance.now();
  const bar = progressBar(groupCount(set));
  const outcomes = await evaluate({
    ...{ folder: flags.package, set, processes: threads, signal: abort.signal },
    onProgress: (groups) => bar.increment(groups),
  }).finally(() => bar.stop());
  const seconds = (performance.now() - begin) / 1000;
  const summary = summarize(outcomes);
  const result = {
    ...summary,
    ...about,
    ...{ split, seed, phantoms: count, questions_per_phantom: questions, task, languages, blank: flags.blank },
  };
  const json = `${JSON.stringify(result, null, 2)}\n`;
  if (flags.out !== undefined) await replaceFile(flags.out, json);
  process.stdout.write(flags.json ? json : `${summaryTable(summary)}\n`);
  const each = (1000 * seconds * Math.min(threads, groupCount(set))) / summary.count;
  console.error(`${summary.count} questions in ${seconds.toFixed(1)} s, ${each.toFixed(1)} ms of a thread each`);
}

/** On stderr: a bar on a terminal, a line every few seconds elsewhere. */
function progressBar(total: number): cliProgress.SingleBar {
  const format = '[{bar}] {percentage}% | {value} of {total} images and texts | {eta_formatted} left';
  const options = { format, etaBuffer: 200, hideCursor: true, noTTYOutput: true, notTTYSchedule: 5000 };
  const bar = new cliProgress.SingleBar(options, cliProgress.Presets.legacy);
  bar.start(total, 0);
  return bar;
}

/** Said before the work, not after it. */
async function checkFolderOf(file: string): Promise<void> {
  const folder = dirname(resolve(file));
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new EvaluationError(`${folder} is no folder; make it, or name another file with --out`);
}

async function replaceFile(file: string, content: string): Promise<void> {
  const partial = `${file}.partial-${process.pid}`;
  try {
    await writeFile(partial, content, { flush: true });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof EvaluationError ? `error: ${error.message}` : error);
  // 130 is what shells give a command that Ctrl-C ended.
  process.exitCode = abort.signal.aborted ? 130 : 1;
});
