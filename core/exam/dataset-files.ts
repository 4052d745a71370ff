/** Names of the data set's files: `doctor/test-00000-of-00001-….parquet`, and before that `data/doctor-test.csv`. */
import { EXAMS, type ExamName } from './question.ts';

export const SPLITS = ['test', 'dev', 'train', 'fewshot'] as const;
export type Split = (typeof SPLITS)[number];

/** Of a file; the data set's largest has 1 MB. */
export const MAX_EXAM_BYTES = 50e6;

/** The data set's own place on the Hugging Face hub. */
export const DATASET = 'sean0042/KorMedMCQA';

export interface DatasetFile {
  path: string;
  /** Name without folder and ending. */
  name: string;
  /** Of the data set; undefined where the path names none. */
  exam: ExamName | undefined;
  /** Undefined where the path names none: such a file holds questions. */
  split: Split | undefined;
}

/** @param path with "/" @returns undefined for another kind of file */
export function datasetFile(path: string): DatasetFile | undefined {
  if (!/\.(parquet|csv)$/iu.test(path)) return undefined;
  const parts = path.replace(/\.\w+$/u, '').split('/');
  // A folder further up may be called anything.
  const words = parts
    .slice(-2)
    .flatMap((part) => part.toLowerCase().split(/[^a-z]+/u))
    .reverse();
  const find = <Name extends string>(names: readonly Name[]) =>
    words.flatMap((word) => names.find((name) => name === word) ?? [])[0];
  return { path, name: parts.at(-1) ?? path, exam: find(EXAMS), split: find(SPLITS) };
}

/** The files of a split; an exam that is there as parquet and as CSV is taken once. */
export function filesOfSplit<File extends DatasetFile>(files: readonly File[], split: Split | undefined): File[] {
  const isCsv = ({ path }: File) => /\.csv$/iu.test(path);
  const ofIt = files.filter((file) => file.split === split);
  const hasParquet = ({ exam }: File) =>
    exam !== undefined && ofIt.some((other) => !isCsv(other) && other.exam === exam);
  return ofIt.filter((file) => !isCsv(file) || !hasParquet(file));
}
