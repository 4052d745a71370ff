/** Command line of the exam: `npm run exam -- --help`. */
import { Option, type Command } from 'commander';
import { OWN_QUESTIONS } from '#core/exam/own-questions.ts';
import { pickQuestions } from '#core/exam/pick.ts';
import { TASK_VERSION } from '#core/exam/answer-letter.ts';
import type { ExamQuestion } from '#core/exam/question.ts';
import { isRight, scoreOf, scoresBy, type Marked } from '#core/exam/score.ts';
import { answerQuestion, EXAM_WAYS, type ExamAnswer, type ExamWay } from '../../workers/engine/generation/exam.ts';
import type { OpenedModel } from '../../workers/engine/opened.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { explainingFailures } from '../shared/failures.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { finiteNumber, wholeNumber } from '../shared/options.ts';
import { progressBar } from '../shared/progress.ts';
import { applyAdapter, openModel } from '../shared/runtime/open-model.ts';
import { percent, table } from '../shared/table.ts';
import { readExam } from './data.ts';

interface Flags {
  package: string;
  data: string[];
  examples?: string;
  shots: number;
  way: ExamWay;
  chatTemplate: boolean;
  limit?: number;
  seed: number;
  adapter?: string;
  strength: number;
  context: number;
  threads?: number;
  json: boolean;
}

type Answered = Marked & ExamAnswer & { question: ExamQuestion };

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, () => exam(args, io), { stopped: 'the exam ends here' });
}

async function exam(args: readonly string[], io: CommandIo): Promise<void> {
  const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
  const examples = await examplesOf(flags);
  const all = flags.data.length === 0 ? OWN_QUESTIONS : (await Promise.all(flags.data.map(readExam))).flat();
  if (flags.data.length === 0)
    printLine(io.stderr, 'note: ten questions of our own, which are of no exam; name those of one with --data');
  const questions = pickQuestions(all, flags.limit ?? all.length, flags.seed);
  const reader = await FolderReader.open(flags.package, { wanted: 'package', recursive: true });
  await explainingFailures(reader, async () => {
    const { context: contextLength, threads } = flags;
    const opened = await openModel(reader, { contextLength, threads, signal: io.signal });
    try {
      const { name, randomWeights } = opened.model.info;
      if (randomWeights) printLine(io.stderr, `note: ${name} has random weights, which were never trained`);
      if (flags.adapter !== undefined) await applyAdapter(opened, flags.adapter, flags.strength, io.signal);
      const begin = performance.now();
      const answered = await answerAll(opened, questions, examples, flags, io);
      print(answered, (performance.now() - begin) / 1000, opened, flags, io);
    } finally {
      await opened.model.dispose();
    }
  });
}

async function answerAll(
  opened: OpenedModel,
  questions: readonly ExamQuestion[],
  examples: readonly ExamQuestion[],
  { way, chatTemplate }: Flags,
  io: CommandIo,
): Promise<Answered[]> {
  const bar = progressBar(io.stderr, questions.length, { unit: 'questions' });
  const answered: Answered[] = [];
  try {
    for (const question of questions) {
      const answer = await answerQuestion({ ...opened, signal: io.signal }, question, { way, examples, chatTemplate });
      io.signal.throwIfAborted();
      if (!answer) throw new TypeError('an answer was stopped by nobody');
      answered.push({ ...answer, question, subject: question.subject, year: question.year, answer: question.answer });
      bar.add(1);
    }
    return answered;
  } finally {
    bar.stop();
  }
}

function print(
  answered: readonly Answered[],
  seconds: number,
  { model }: OpenedModel,
  flags: Flags,
  io: CommandIo,
): void {
  const subjects = scoresBy(answered, ({ subject }) => subject);
  const all = scoreOf(answered);
  if (flags.json) {
    const { way, shots, chatTemplate, seed, limit, adapter, strength } = flags;
    const how = {
      task: 'kormedmcqa',
      version: TASK_VERSION,
      way,
      shots,
      chatTemplate,
      seed,
      limit,
      adapter,
      ...(adapter !== undefined && { strength }),
    };
    const answers = answered.map(({ question, ...answer }) => ({ ...question, ...answer, right: isRight(answer) }));
    printLine(
      io.stdout,
      JSON.stringify(
        { how, all, subjects: Object.fromEntries(subjects), seconds, answers, model: model.info },
        null,
        2,
      ),
    );
    return;
  }
  const rows = [...subjects, ['all, weighted by size', all] as const].map(
    ([name, { count, right, accuracy, interval }]) => [
      name,
      String(count),
      String(right),
      percent(accuracy),
      interval.map((bound) => percent(bound)).join('–'),
    ],
  );
  printLine(io.stdout, table([['exam', 'questions', 'right', 'accuracy', '95 % interval'], ...rows]));
  printLine(io.stderr, `${(seconds / answered.length).toFixed(2)} s a question; chance is 20 %`);
}

/** @throws CommandError */
async function examplesOf({ examples, shots }: Flags): Promise<ExamQuestion[]> {
  if (shots === 0) return [];
  if (examples === undefined)
    throw new CommandError(
      `--shots ${shots} takes its examples from a file of the split "fewshot"; name it with --examples`,
    );
  const all = await readExam(examples);
  if (all.length < shots)
    throw new CommandError(`${examples} has ${all.length} questions, fewer than --shots ${shots}`);
  return all.slice(0, shots);
}

function createProgram(io: CommandIo): Command {
  const collect = (path: string, before: string[]) => [...before, path];
  return createCommand('exam', io)
    .description(
      'Lets a model package answer questions in the form of KorMedMCQA, on the CPU, with the engine of the page, and counts the right ones as ' +
        `lm-evaluation-harness does in version ${TASK_VERSION} of the task kormedmcqa. The data set is CC BY-NC 2.0 and not part of this repository.`,
    )
    .requiredOption('--package <folder>', 'a model package, as `npm run export` writes it')
    .option(
      '--data <file>',
      'questions: parquet or CSV with the columns of the data set; may be given several times (default: ten of our own)',
      collect,
      [],
    )
    .option('--shots <number>', 'examples before each question; 0 or 5 are usual', wholeNumber(0, 100), 0)
    .option('--examples <file>', 'file of the split "fewshot", for --shots')
    .addOption(
      new Option(
        '--way <way>',
        'generate an answer and find the letter in it, or take the most probable of the letters, which gives another number',
      )
        .choices(EXAM_WAYS)
        .default('generate'),
    )
    .option(
      '--chat-template',
      'put each question into a turn of the chat template, as --apply_chat_template does',
      false,
    )
    .option('--limit <number>', 'ask a sample of so many questions', wholeNumber(1))
    .option('--seed <number>', 'of the sample', wholeNumber(0, 0xffffffff), 42)
    .option('--adapter <folder>', "apply a LoRA adapter (PEFT's folder)")
    .option('--strength <number>', 'factor of the adapter: 1 is as trained', finiteNumber, 1)
    .option(
      '--context <tokens>',
      'longest prompt and answer together; cut to what the package can do',
      wholeNumber(2),
      4096,
    )
    .option('--threads <number>', 'number of threads (default: one for each core)', wholeNumber(1, 256))
    .option('--json', 'print every answer as JSON', false);
}
