/** The questions that the command line names: files, or folders laid out as the data set. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { datasetFile, filesOfSplit, MAX_EXAM_BYTES, type DatasetFile, type Split } from '#core/exam/dataset-files.ts';
import type { ExamQuestion } from '#core/exam/question.ts';
import { readExamFile } from '#core/exam/read-file.ts';
import { ExamFormatError } from '#core/exam/read-questions.ts';
import { CommandError, onFile } from '../shared/errors.ts';
import { readWholeFile } from '../shared/read-file.ts';

export interface ExamFiles {
  questions: ExamQuestion[];
  /** Of the split `fewshot` of the folders. */
  examples: ExamQuestion[];
}

/** @throws CommandError that names the file and what is wrong with it */
export async function readExam(path: string): Promise<ExamQuestion[]> {
  const { size } = await onFile(path, stat(path));
  if (size > MAX_EXAM_BYTES)
    throw new CommandError(`${path} has ${size} bytes; no more than ${MAX_EXAM_BYTES} are read of such a file`);
  const { bytes } = await readWholeFile(path);
  try {
    return await readExamFile(path, new Uint8Array(bytes));
  } catch (error) {
    if (error instanceof ExamFormatError) throw new CommandError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Questions of the files, and of the split of the folders.
 * @throws CommandError also for a folder without files of that split
 */
export async function readExams(paths: readonly string[], split: Split): Promise<ExamFiles> {
  const found: ExamFiles = { questions: [], examples: [] };
  for (const path of paths) {
    if (!(await onFile(path, stat(path))).isDirectory()) {
      found.questions.push(...(await readExam(path)));
      continue;
    }
    const files = await filesIn(path);
    const asked = filesOfSplit(files, split);
    if (asked.length === 0)
      throw new CommandError(
        `${path} holds no file of the split "${split}"; expected are names such as doctor/test-00000-of-00001.parquet or doctor-test.csv`,
      );
    for (const file of asked) found.questions.push(...(await readExam(join(path, file.path))));
    for (const file of filesOfSplit(files, 'fewshot')) found.examples.push(...(await readExam(join(path, file.path))));
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
