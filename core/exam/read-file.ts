/** Questions of a file: CSV, or parquet as the Hugging Face hub has it. The bytes are handed in. */
import { parquetReadObjects } from 'hyparquet';
import { readRows } from '../text/delimited.ts';
import { textOfFile } from '../text/text-file.ts';
import { datasetFile, MAX_EXAM_BYTES } from './dataset-files.ts';
import type { ExamQuestion } from './question.ts';
import { ExamFormatError, readQuestions, type ExamRow } from './read-questions.ts';

/**
 * @param path names the exam where the rows do not, and the form
 * @throws ExamFormatError; FailureError other-file, unknown-encoding for what is no text
 */
export async function readExamFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<ExamQuestion[]> {
  if (bytes.length > MAX_EXAM_BYTES)
    throw new ExamFormatError(`it has ${bytes.length} bytes; no more than ${MAX_EXAM_BYTES} are read of such a file`);
  if (/\.parquet$/iu.test(path) && !isParquet(bytes))
    throw new ExamFormatError(
      'it is no parquet; a folder cloned without Git LFS holds pointers in place of the files, so fetch the file itself',
    );
  return readQuestions(
    isParquet(bytes) ? await parquetRows(bytes) : csvRows(path, bytes),
    datasetFile(path) ?? { name: path, exam: undefined },
  );
}

/** By its first four bytes, whatever its name. */
function isParquet(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === 'PAR1';
}

function csvRows(path: string, bytes: Uint8Array): ExamRow[] {
  const [header, ...rows] = readRows(textOfFile(bytes, path, 'pairs').text, ',');
  if (!header) throw new ExamFormatError('the file is empty');
  return rows.map(({ cells, number }) => {
    if (cells.length !== header.cells.length)
      throw new ExamFormatError(`row ${number} has ${cells.length} cells, and the header ${header.cells.length}`);
    return Object.fromEntries(header.cells.map((column, at) => [column.trim(), cells[at]]));
  });
}

async function parquetRows({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Promise<ExamRow[]> {
  const slice = (start: number, end = byteLength) => buffer.slice(byteOffset + start, byteOffset + end);
  try {
    return await parquetReadObjects({ file: { byteLength, slice } });
  } catch (cause) {
    throw new ExamFormatError(
      `it cannot be read as parquet (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}
