/** Command line that writes sets of phantoms: `npm run phantoms -- --help`. */
import { Option, type Command } from 'commander';
import type { GuessingBaseline } from '#core/phantoms/balance.ts';
import { SET_SIZE, SETS, SPLITS, type Split } from '#core/phantoms/sets.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { imageKinds, TASKS, type Task } from '#core/phantoms/task.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { wholeNumber } from '../shared/options.ts';
import { progressBar } from '../shared/progress.ts';
import { percent, table } from '../shared/table.ts';
import { writePhantomSet } from './phantom-set.ts';

interface Flags {
  seed: number;
  count: number;
  out: string;
  task: Task;
  split: Split;
  questions: number;
}

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
    const bar = progressBar(io.stderr, flags.count * SIDE * SIDE, { unit: 'bytes' });
    const meta = await writePhantomSet({
      ...flags,
      signal: io.signal,
      note: (text) => printLine(io.stderr, text),
      onProgress: (phantoms) => bar.add(phantoms * SIDE * SIDE),
    }).finally(() => bar.stop());
    printLine(io.stdout, floorTable(meta.task, meta.floors));
    const { about_images: about, without_image: without } = meta.questions;
    printLine(
      io.stdout,
      `${flags.out}: ${meta.phantoms} phantoms (${meta.task}, ${meta.split}, seed ${meta.seed}), ` +
        `${about} questions about them, ${without} without image`,
    );
  });
}

function createProgram(io: CommandIo): Command {
  return createCommand('phantoms', io)
    .description(
      'Draws phantoms (images that look like scans, of no patient) and writes them with questions and answers in English ' +
        'and Korean: images.npy, truth.jsonl, questions.jsonl, meta.json. The same seed gives the same files.',
    )
    .requiredOption('--seed <number>', 'number of the set', wholeNumber(0, SETS - 1))
    .requiredOption('--count <phantoms>', 'number of phantoms', wholeNumber(1, SET_SIZE))
    .requiredOption('--out <folder>', 'folder of the set; must be new or empty')
    .addOption(new Option('--task <task>', 'kind of questions and answers').choices(TASKS).default('base'))
    .addOption(
      new Option('--split <split>', 'purpose of the set; splits have no phantom in common')
        .choices(SPLITS)
        .default('train'),
    )
    .option('--questions <number>', 'questions about each phantom in each language', wholeNumber(1, 100), 4);
}

/** Accuracy that guessing reaches: with the most frequent answer, and with the best answer for the text of the question. */
function floorTable(task: Task, floors: Readonly<Record<string, GuessingBaseline>>): string {
  const languages = ['en', 'ko'];
  return table([
    [
      'right by guessing',
      ...['most frequent', 'text only'].flatMap((how) => languages.map((name) => `${how}, ${name}`)),
    ],
    ...imageKinds(task).map((kind) => {
      const ofKind = languages.map((language) => floors[`${kind} ${language}`]);
      return [
        kind,
        ...ofKind.map((floor) => percent(floor?.majority, '')),
        ...ofKind.map((floor) => percent(floor?.text_only, '')),
      ];
    }),
  ]);
}
