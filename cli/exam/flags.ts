/** Options of the exam: `npm run exam -- --help`. */
import { Option, type Command } from 'commander';
import { TASK_VERSION } from '#core/exam/answer-letter.ts';
import { EXAM_WAYS, type ExamWay } from '#core/exam/answer.ts';
import { SPLITS, type Split } from '#core/exam/dataset-files.ts';
import { createCommand, type CommandIo } from '../shared/command.ts';
import { finiteNumber, wholeNumber } from '../shared/options.ts';

export interface Flags {
  package: string;
  data: string[];
  split: Split;
  examples: string[];
  shots: number;
  way: ExamWay;
  chatTemplate: boolean;
  limit?: number;
  seed: number;
  adapter?: string;
  strength: number;
  context: number;
  threads?: number;
  output?: string;
  json: boolean;
}

export function createProgram(io: CommandIo): Command {
  const collect = (path: string, before: string[]) => [...before, path];
  return createCommand('exam', io)
    .description(
      'Lets a model package answer questions in the form of KorMedMCQA, on the CPU, with the engine of the page, and counts the right ones as ' +
        `lm-evaluation-harness does in version ${TASK_VERSION} of the task kormedmcqa. The data set is CC BY-NC 2.0 and not part of this repository.`,
    )
    .requiredOption('--package <folder>', 'a model package, as `npm run export` writes it')
    .option(
      '--data <path>',
      'questions: a parquet or CSV file with the columns of the data set, or a folder of such files; may be given several times (default: ten of our own)',
      collect,
      [],
    )
    .addOption(new Option('--split <name>', 'what is asked of a folder').choices(SPLITS).default('test'))
    .option('--shots <number>', 'examples before each question; 0 or 5 are usual', wholeNumber(0, 100), 0)
    .option(
      '--examples <file>',
      'file of the split "fewshot", for --shots; one for each exam (default: those in the folder of --data)',
      collect,
      [],
    )
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
    .option('--output <folder>', 'write results and samples in the files of lm-evaluation-harness')
    .option('--json', 'print every answer as JSON', false);
}
