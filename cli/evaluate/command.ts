/** Command line of the evaluation: `npm run evaluate -- --help`. */
import { availableParallelism } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { LANGUAGES, type Language } from '#core/phantoms/question.ts';
import { SET_SIZE, SETS, SPLITS, type Split } from '#core/phantoms/sets.ts';
import { TASKS, type Task } from '#core/phantoms/task.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { commaList, wholeNumber } from '../shared/options.ts';
import { progressBar } from '../shared/progress.ts';
import { replaceFile, requireReplaceableFile } from '../shared/write-file.ts';
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

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
    const { split, seed, count, task, questions, languages, threads } = flags;
    if (flags.out !== undefined) await requireReplaceableFile(flags.out);
    // Opened here once, so that a broken package is reported before any process starts.
    const { about } = await openModel(flags.package, 1);
    const blank = flags.blank ? meanGrey({ split, seed, count }) : undefined;
    const set: QuestionSet = { task, split, seed, count, questions, languages, blank };
    const begin = performance.now();
    const bar = progressBar(io.stderr, groupCount(set), { unit: 'images and texts' });
    const outcomes = await evaluate({
      ...{ folder: flags.package, set, processes: threads, signal: io.signal },
      onProgress: (groups) => bar.add(groups),
    }).finally(() => bar.stop());
    const seconds = (performance.now() - begin) / 1000;
    const summary = summarize(outcomes);
    const result = {
      ...summary,
      ...about,
      ...{ split, seed, phantoms: count, questions_per_phantom: questions, task, languages, blank: flags.blank },
    };
    const json = JSON.stringify(result, null, 2);
    if (flags.out !== undefined) await replaceFile(flags.out, `${json}\n`);
    printLine(io.stdout, flags.json ? json : summaryTable(summary));
    const each = (1000 * seconds * Math.min(threads, groupCount(set))) / summary.count;
    printLine(
      io.stderr,
      `${summary.count} questions in ${seconds.toFixed(1)} s, ${each.toFixed(1)} ms of a thread each`,
    );
  });
}

function createProgram(io: CommandIo): Command {
  return createCommand('evaluate', io)
    .description(
      'Lets a package of the teaching model answer the questions that `npm run phantoms` writes for the same seed, greedily, ' +
        'on the CPU, and counts the answers that are right word for word. The result has the fields of python -m teaching.evaluate.',
    )
    .requiredOption('--package <folder>', 'a model package, as `npm run export` writes it')
    .requiredOption('--seed <number>', 'number of the set', wholeNumber(0, SETS - 1))
    .requiredOption('--count <phantoms>', 'number of phantoms of the set', wholeNumber(1, SET_SIZE))
    .addOption(new Option('--split <split>', 'split of the phantoms').choices(SPLITS).default('evaluation'))
    .addOption(new Option('--task <task>', 'kind of questions and answers').choices(TASKS).default('base'))
    .option('--questions <number>', 'questions about each phantom in each language', wholeNumber(1, 100), 4)
    .option('--languages <list>', 'languages of the questions', languageList, [...LANGUAGES])
    .option('--blank', 'show the mean grey level of the set instead of each image', false)
    .option(
      '--threads <number>',
      'number of processes, with one thread each',
      wholeNumber(1, 64),
      availableParallelism(),
    )
    .option('--json', 'print JSON only', false)
    .option('--out <file>', 'also write the JSON to a file, which is replaced');
}

function languageList(text: string): Language[] {
  const asked = commaList(text);
  const unknown = asked.find((name) => !LANGUAGES.some((known) => known === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`Expected ${LANGUAGES.join(' or ')}, got "${unknown}".`);
  return LANGUAGES.filter((language) => asked.includes(language));
}
