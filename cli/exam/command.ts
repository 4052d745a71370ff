/** Command line of the exam: `npm run exam -- --help`. */
import { basename, resolve } from 'node:path';
import type { AnsweredQuestion } from '#core/exam/answer.ts';
import { examplesFor, ExamplesError } from '#core/exam/examples.ts';
import { OWN_EXAMPLES, OWN_QUESTIONS } from '#core/exam/own-questions.ts';
import { pickQuestions } from '#core/exam/pick.ts';
import { countsByExam, numbered, type ExamQuestion, type NumberedQuestion } from '#core/exam/question.ts';
import { remarksOn } from '#core/exam/remarks.ts';
import type { ExamRun, ExamSetting } from '#core/exam/run.ts';
import { MANIFEST } from '#core/protocol/manifest.ts';
import { answerQuestion } from '../../workers/engine/generation/exam.ts';
import type { OpenedModel } from '../../workers/engine/opened.ts';
import { printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { explainingFailures } from '../shared/failures.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { progressBar } from '../shared/progress.ts';
import { sha256Of } from '../shared/read-file.ts';
import { applyAdapter, openModel } from '../shared/runtime/open-model.ts';
import { readExam, readExams, type ExamFiles } from './data.ts';
import { createProgram, type Flags } from './flags.ts';
import { printJson, printTable, writeFiles } from './report.ts';

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, () => exam(args, io), { stopped: 'the exam ends here' });
}

async function exam(args: readonly string[], io: CommandIo): Promise<void> {
  const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
  const { questions: all, examples } = await filesOf(flags, (text) => printLine(io.stderr, `note: ${text}`));
  const isOwn = flags.data.length === 0;
  if (isOwn)
    printLine(io.stderr, 'note: ten questions of our own, which are of no exam; name those of one with --data');
  for (const text of remarks(all)) printLine(io.stderr, `note: ${text}`);
  const questions = pickQuestions(numbered(all), flags.limit ?? all.length, flags.seed);
  requireExamples(questions, examples, flags);
  const reader = await FolderReader.open(flags.package, { wanted: 'package', recursive: true });
  await explainingFailures(reader, async () => {
    const { context: contextLength, threads, way, shots, chatTemplate, seed, adapter, strength } = flags;
    const opened = await openModel(reader, { contextLength, threads, signal: io.signal });
    try {
      const { name, randomWeights } = opened.model.info;
      if (randomWeights) printLine(io.stderr, `note: ${name} has random weights, which were never trained`);
      const applied = adapter === undefined ? undefined : await applyAdapter(opened, adapter, strength, io.signal);
      const created = new Date().toISOString();
      const run: ExamRun = {
        how: { way, shots, chatTemplate },
        setting: await settingOf(reader, opened, applied && { name: applied.name, rank: applied.rank, strength }),
        data: {
          name: isOwn ? 'own' : flags.data.map((path) => basename(resolve(path))).join(', '),
          isOwn,
          counts: Object.fromEntries(countsByExam(all)),
        },
        seed,
        examples,
        answered: await answerAll(opened, questions, examples, flags, io),
        created,
      };
      if (flags.json) printJson(run, io);
      else printTable(run, io);
      if (flags.output !== undefined) await writeFiles(run, flags.output, io);
    } finally {
      await opened.model.dispose();
    }
  });
}

function remarks(questions: readonly ExamQuestion[]): string[] {
  const { repeated, decomposed } = remarksOn(questions);
  const of = `of ${questions.length} questions`;
  return [
    ...(repeated > 0
      ? [`${repeated} ${of} are there more than once and count each time; name each file of --data once`]
      : []),
    ...(decomposed > 0
      ? [
          `${decomposed} ${of} hold decomposed Hangul (NFD), which takes more tokens; save them as NFC for the usual score`,
        ]
      : []),
  ];
}

async function answerAll(
  opened: OpenedModel,
  questions: readonly NumberedQuestion[],
  examples: readonly ExamQuestion[],
  { way, chatTemplate, shots }: Flags,
  io: CommandIo,
): Promise<AnsweredQuestion[]> {
  const bar = progressBar(io.stderr, questions.length, { unit: 'questions' });
  const answered: AnsweredQuestion[] = [];
  try {
    for (const { docId, question } of questions) {
      const request = { way, chatTemplate, examples: examplesFor(question.exam, examples, shots) };
      const answer = await answerQuestion({ ...opened, signal: io.signal }, question, request);
      io.signal.throwIfAborted();
      if (!answer) throw new TypeError('an answer was stopped by nobody');
      answered.push({ docId, question, answer });
      bar.add(1);
    }
    return answered;
  } finally {
    bar.stop();
  }
}

async function settingOf(
  reader: FolderReader,
  { model: { info } }: OpenedModel,
  adapter: ExamSetting['adapters'][number] | undefined,
): Promise<ExamSetting> {
  const { name, dtype, vocabularySize, parameters, randomWeights, contextLength } = info;
  const hasManifest = await reader.has(MANIFEST);
  const manifest = hasManifest ? new Uint8Array(await (await reader.blob(MANIFEST)).arrayBuffer()) : undefined;
  return {
    ...{ name, decoder: dtype.decoder, vocabularySize, parameters, randomWeights, contextLength },
    manifestSha256: manifest && sha256Of(manifest),
    ...{ provider: info.runtime.provider, device: '' },
    adapters: adapter ? [adapter] : [],
  };
}

/** @throws CommandError */
async function filesOf({ data, split, examples }: Flags, note: (text: string) => void): Promise<ExamFiles> {
  const named = (await Promise.all(examples.map((path) => readExam(path, note)))).flat();
  if (data.length === 0)
    return { questions: [...OWN_QUESTIONS], examples: named.length > 0 ? named : [...OWN_EXAMPLES] };
  const found = await readExams(data, split, note);
  return { questions: found.questions, examples: named.length > 0 ? named : found.examples };
}

/** Before the model is opened. @throws CommandError that names the exam without examples */
function requireExamples(questions: readonly NumberedQuestion[], examples: readonly ExamQuestion[], { shots }: Flags) {
  try {
    for (const exam of new Set(questions.map(({ question }) => question.exam))) examplesFor(exam, examples, shots);
  } catch (error) {
    if (!(error instanceof ExamplesError)) throw error;
    throw new CommandError(`--shots ${shots}: ${error.message} with --examples`, { cause: error });
  }
}
