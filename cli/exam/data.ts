/** The questions that the command line names: files, or folders laid out as the data set. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { datasetFile, filesOfSplit, MAX_EXAM_BYTES, type DatasetFile, type Split } from '#core/exam/dataset-files.ts';
import { ExamFileError } from '#core/exam/exam-file.ts';
import type { ExamQuestion } from '#core/exam/question.ts';
import { readExamFile } from '#core/exam/read-file.ts';
import { FailureError } from '#core/failure.ts';
import { CommandError, onFile } from '../shared/errors.ts';
import { guessedEncoding } from '../shared/guessed-encoding.ts';
import { readWholeFile } from '../shared/read-file.ts';
import { problemText } from './problems.ts';

type Note = (text: string) => void;

export interface ExamFiles {
  questions: ExamQuestion[];
  /** Of the split `fewshot` of the folders. */
  examples: ExamQuestion[];
}

/**
 * @param note is told where the encoding of a file was guessed
 * @throws CommandError that names the file and what is wrong with it
 */
export async function readExam(path: string, note: Note): Promise<ExamQuestion[]> {
  try {
    const { size } = await onFile(path, stat(path));
    if (size > MAX_EXAM_BYTES)
      throw new ExamFileError(path, { problem: 'tooLarge', bytes: size, limit: MAX_EXAM_BYTES });
    const { bytes } = await readWholeFile(path);
    const { questions, encoding } = await readExamFile(path, new Uint8Array(bytes));
    if (encoding) note(guessedEncoding(path, encoding));
    return questions;
  } catch (error) {
    if (error instanceof ExamFileError)
      throw new CommandError(`${path}: ${problemText(error.problem)}`, { cause: error });
    if (error instanceof FailureError && error.code === 'unknown-encoding')
      throw new CommandError(`${path} is neither UTF-8 nor UTF-16 nor CP949; save it as UTF-8`, { cause: error });
    throw error;
  }
}

/**
 * Questions of the files, and of the split of the folders.
 * @throws CommandError also for a folder without files of that split
 */
export async function readExams(paths: readonly string[], split: Split, note: Note): Promise<ExamFiles> {
  const found: ExamFiles = { questions: [], examples: [] };
  for (const path of paths) {
    if (!(await onFile(path, stat(path))).isDirectory()) {
      found.questions = found.questions.concat(await readExam(path, note));
      continue;
    }
    const files = await filesIn(path);
    const asked = filesOfSplit(files, split);
    if (asked.length === 0)
      throw new CommandError(
        `${path} holds no file of the split "${split}"; expected are names such as doctor/test-00000-of-00001.parquet or doctor-test.csv`,
      );
    for (const file of asked) found.questions = found.questions.concat(await readExam(join(path, file.path), note));
    for (const file of filesOfSplit(files, 'fewshot'))
      found.examples = found.examples.concat(await readExam(join(path, file.path), note));
  }
  return found;
}

async function filesIn(folder: string): Promise<DatasetFile[]> {
  const names = await onFile(folder, readdir(folder, { recursive: true }));
  // The folder's own name counts too: it may be that of the exam.
  const named = names.map((name) => {
    const path = name.replaceAll('\\', '/');
    const file = datasetFile(`${basename(folder)}/${path}`);
    return file && { ...file, path };
  });
  return named.flatMap((file) => file ?? []).sort((a, b) => (a.path < b.path ? -1 : 1));
}
