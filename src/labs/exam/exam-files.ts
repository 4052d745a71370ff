/** Questions from files that the visitor chose, dropped, or has agreed to fetch. */
import { fetchFile, fetchJson } from '#core/fetch/fetch-file.ts';
import { readRepository } from '#core/fetch/hub-repository.ts';
import {
  datasetFile,
  filesOfSplit,
  MAX_EXAM_BYTES,
  SPLITS,
  type DatasetFile,
  type Split,
} from '#core/exam/dataset-files.ts';
import { ExamFileError } from '#core/exam/exam-file.ts';
import { MAX_QUESTIONS } from '#core/exam/limits.ts';
import { isExam, type ExamName, type ExamQuestion } from '#core/exam/question.ts';
import { FailureError } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import { shortened } from '#core/text/cut.ts';
import type { TextEncoding } from '#core/text/encoding.ts';
import { network } from '../../platform/network.ts';

export interface BroughtData {
  name: string;
  questions: ExamQuestion[];
  examples: ExamQuestion[];
}

/** A CSV file whose encoding was guessed. */
export interface ReadAs {
  file: string;
  encoding: TextEncoding;
}

/** Questions of several files. */
interface ReadQuestions {
  questions: ExamQuestion[];
  readAs: ReadAs[];
}

const HUB = 'https://huggingface.co';
const MAX_LISTING_BYTES = 50_000_000;

interface SourceFile extends DatasetFile {
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * One set of questions for each split among the files; those of `fewshot` are the examples of all. Where there is nothing but examples, they
 * come back alone, with no questions.
 * @throws FailureError exam-file, other-file, unknown-encoding, file-gone
 */
export async function readChosen(files: readonly File[]): Promise<{ sets: BroughtData[]; readAs: ReadAs[] }> {
  const known = files.flatMap((file): SourceFile[] => {
    // Only a folder picker sets the path.
    const found = datasetFile(file.webkitRelativePath || file.name);
    return found ? [{ ...found, bytes: () => bytesOf(file) }] : [];
  });
  if (known.length === 0)
    throw new ExamFileError(shortened(files.map(({ name }) => name).join(', '), 200), { problem: 'otherKind' });
  const { questions: examples, readAs } = await questionsOf(filesOfSplit(known, 'fewshot'));
  const asked = [...SPLITS.filter((split) => split !== 'fewshot'), undefined].map((split) => ({
    split,
    files: filesOfSplit(known, split),
  }));
  const sets: BroughtData[] = [];
  for (const { split, files } of asked) {
    if (files.length === 0) continue;
    const read = await questionsOf(files);
    sets.push({ name: nameOf(files, split), questions: read.questions, examples });
    readAs.push(...read.readAs);
  }
  if (sets.length === 0) sets.push({ name: nameOf(known, 'fewshot'), questions: [], examples });
  return { sets, readAs };
}

export interface HubChoice {
  /** owner/name of a data set with the columns of KorMedMCQA. */
  repository: string;
  exams: readonly ExamName[];
  split: Split;
}

/**
 * Fetches the files of a split and their examples.
 * @throws FailureError not-found, gated, offline, network …; file-missing where the repository has no such files; exam-file
 */
export async function fetchFromHub(
  { repository, exams, split }: HubChoice,
  signal: AbortSignal,
  onFile: (done: number, total: number) => void,
): Promise<BroughtData> {
  const listing = `${HUB}/api/datasets/${repository}/revision/main?blobs=true`;
  const request = { url: listing, file: repository, limit: MAX_LISTING_BYTES, signal, cache: 'no-store' as const };
  const json = await fetchJson(network, request).catch((error: unknown) => {
    if (error instanceof FailureError && error.code === 'file-missing')
      throw new FailureError('not-found', { id: repository }, { cause: error });
    throw error;
  });
  const { revision, files } = readRepository(json, repository);
  const isAsked = ({ exam }: DatasetFile) => exam !== undefined && isExam(exam) && exams.includes(exam);
  const known = [...files.keys()].flatMap((path) => datasetFile(path) ?? []).filter(isAsked);
  const [asked, examples] = [filesOfSplit(known, split), filesOfSplit(known, 'fewshot')];
  if (asked.length === 0) throw new FailureError('file-missing', { file: `${exams[0] ?? ''}/${split}-….parquet` });
  let done = 0;
  const fetched = ({ path, ...file }: DatasetFile): SourceFile => ({
    ...{ path, ...file },
    async bytes() {
      const url = `${HUB}/datasets/${repository}/resolve/${revision}/${path.split('/').map(encodeURIComponent).join('/')}`;
      const blob = await fetchFile(network, { url, file: path, limit: MAX_EXAM_BYTES, signal });
      onFile(++done, asked.length + examples.length);
      return new Uint8Array(await blob.arrayBuffer());
    },
  });
  return {
    name: `${repository} · ${exams.join(', ')} · ${split}`,
    questions: (await questionsOf(asked.map(fetched))).questions,
    examples: (await questionsOf(examples.map(fetched))).questions,
  };
}

async function questionsOf(files: readonly SourceFile[]): Promise<ReadQuestions> {
  const all: ReadQuestions = { questions: [], readAs: [] };
  if (files.length === 0) return all;
  // Parquet takes code that nobody needs who brings no data.
  const { readExamFile } = await import('#core/exam/read-file.ts');
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const { questions, encoding } = await readExamFile(file.path, await file.bytes());
    // As arguments of `push` they could be too many.
    for (const question of questions) all.questions.push(question);
    if (encoding) all.readAs.push({ file: file.path, encoding });
  }
  const { length } = all.questions;
  if (length > MAX_QUESTIONS) {
    const paths = shortened(files.map(({ path }) => path).join(', '), 200);
    throw new ExamFileError(paths, { problem: 'tooManyRows', rows: length, limit: MAX_QUESTIONS });
  }
  return all;
}

async function bytesOf(file: File): Promise<Uint8Array<ArrayBuffer>> {
  const { name, size } = file;
  if (size > MAX_EXAM_BYTES) throw new ExamFileError(name, { problem: 'tooLarge', bytes: size, limit: MAX_EXAM_BYTES });
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw fileGone(name, error);
  }
}

function nameOf(files: readonly DatasetFile[], split: Split | undefined): string {
  const names = new Set(files.map(({ exam, name }) => exam ?? name));
  return [[...names].join(', '), ...(split ? [split] : [])].join(' · ');
}
