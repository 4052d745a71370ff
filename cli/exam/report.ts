/** What the command prints and writes. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TASK_VERSION } from '#core/exam/answer-letter.ts';
import { isAnsweredRight } from '#core/exam/compare.ts';
import { lmEvalFiles } from '#core/exam/lm-eval-files.ts';
import type { ExamRun } from '#core/exam/run.ts';
import { costOf, markedOf, scoreOf, scoresBy } from '#core/exam/score.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { printLine, type CommandIo } from '../shared/command.ts';
import { onFile } from '../shared/errors.ts';
import { percent, table } from '../shared/table.ts';
import { writeNewFile } from '../shared/write-file.ts';

export function printTable({ answered, how }: ExamRun, io: CommandIo): void {
  const marked = answered.map(markedOf);
  const scores = [...scoresBy(marked, ({ exam }) => exam), ['all, weighted by size', scoreOf(marked)] as const];
  const rows = scores.map(([name, { count, right, accuracy, interval }]) => [
    name,
    String(count),
    String(right),
    percent(accuracy),
    interval.map((bound) => percent(bound)).join('–'),
  ]);
  printLine(io.stdout, table([['exam', 'questions', 'right', 'accuracy', '95 % interval'], ...rows]));
  const cost = costOf(answered.map(({ answer }) => answer));
  if (cost)
    printLine(
      io.stderr,
      `a question: ${cost.seconds.toFixed(2)} s, ${Math.round(cost.promptTokens)} tokens read, ${cost.newTokens.toFixed(1)} written; chance is 20 %`,
    );
  const cut = answered.filter(({ answer }) => answer.ended === 'context-full').length;
  if (cut > 0)
    printLine(io.stderr, `note: ${cut} answers ended because the context was full; a longer --context lets them go on`);
  if (how.way === 'letters')
    printLine(
      io.stderr,
      'note: the letters by log-likelihood; the task kormedmcqa generates, which gives another number',
    );
}

export function printJson({ answered, how, setting, data, seed }: ExamRun, io: CommandIo): void {
  const marked = answered.map(markedOf);
  const json = {
    how: { task: 'kormedmcqa', version: TASK_VERSION, ...how, seed, data },
    all: scoreOf(marked),
    exams: Object.fromEntries(scoresBy(marked, ({ exam }) => exam)),
    cost: costOf(answered.map(({ answer }) => answer)),
    answers: answered.map((one) => {
      const { chosen, ...rest } = one.answer;
      // JSON has no undefined.
      return { docId: one.docId, ...one.question, chosen: chosen ?? null, ...rest, right: isAnsweredRight(one) };
    }),
    model: setting,
  };
  printLine(io.stdout, JSON.stringify(json, null, 2));
}

/** As the harness does: in a folder named after the model. */
export async function writeFiles(run: ExamRun, output: string, io: CommandIo): Promise<void> {
  const folder = join(output, run.setting.name.replace(/["<>:/|\\?*[\]]+/gu, '__'));
  await onFile(folder, mkdir(folder, { recursive: true }));
  for (const { name, text } of lmEvalFiles(run, packageJson.version)) await writeNewFile(join(folder, name), text);
  printLine(io.stderr, `results and samples are in ${folder}`);
}
