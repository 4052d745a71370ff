/** Questions of a file: CSV, or parquet as the Hugging Face hub has it. The bytes are handed in. */
import { parquetReadObjects } from 'hyparquet';
import { readRows } from '../text/delimited.ts';
import type { TextEncoding } from '../text/encoding.ts';
import { textOfFile } from '../text/text-file.ts';
import { datasetFile, MAX_EXAM_BYTES } from './dataset-files.ts';
import { ExamFileError } from './exam-file.ts';
import type { ExamQuestion } from './question.ts';
import { readQuestions, type ExamRow } from './read-questions.ts';

export interface ExamFile {
  questions: ExamQuestion[];
  /** Of a CSV file; set if it was guessed, so that a reader must be told. */
  encoding: TextEncoding | undefined;
}

/**
 * @param path names the exam where the rows do not, and the form
 * @throws ExamFileError; FailureError other-file, unknown-encoding for what is no text
 */
export async function readExamFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<ExamFile> {
  if (bytes.length > MAX_EXAM_BYTES)
    throw new ExamFileError(path, { problem: 'tooLarge', bytes: bytes.length, limit: MAX_EXAM_BYTES });
  if (/\.parquet$/iu.test(path) && !isParquet(bytes)) throw new ExamFileError(path, { problem: 'notParquet' });
  const { rows, encoding } = isParquet(bytes)
    ? { rows: await parquetRows(path, bytes), encoding: undefined }
    : csvRows(path, bytes);
  return { questions: readQuestions(rows, datasetFile(path) ?? { path, name: path, exam: undefined }), encoding };
}

/** By its first four bytes, whatever its name. */
function isParquet(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === 'PAR1';
}

function csvRows(path: string, bytes: Uint8Array): { rows: ExamRow[]; encoding: TextEncoding | undefined } {
  const { text, encoding, guessed } = textOfFile(bytes, path, 'questions');
  const [header, ...rows] = readRows(text, ',');
  if (!header) throw new ExamFileError(path, { problem: 'empty' });
  const columns = header.cells.map((column) => column.trim());
  return {
    rows: rows.map(({ cells, number }): ExamRow => {
      if (cells.length !== columns.length)
        throw new ExamFileError(path, {
          ...{ problem: 'cells', row: number, cells: cells.length, expected: columns.length },
        });
      return { number, cells: Object.fromEntries(columns.map((column, at) => [column, cells[at]])) };
    }),
    encoding: guessed ? encoding : undefined,
  };
}

async function parquetRows(
  path: string,
  { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
): Promise<ExamRow[]> {
  const slice = (start: number, end = byteLength) => buffer.slice(byteOffset + start, byteOffset + end);
  try {
    const rows = await parquetReadObjects({ file: { byteLength, slice } });
    // A spreadsheet would have the names of the columns above them.
    return rows.map((cells, at) => ({ number: at + 2, cells }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ExamFileError(path, { problem: 'parquet', reason }, { cause });
  }
}
