/** Reads the questions of a file: CSV, or parquet as the Hugging Face hub has it. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { parquetReadObjects, type AsyncBuffer } from 'hyparquet';
import { ExamFormatError, readQuestions, type ExamRow } from '#core/exam/read-questions.ts';
import { SUBJECTS, type ExamQuestion } from '#core/exam/question.ts';
import { readRows } from '#core/text/delimited.ts';
import { textOfFile } from '#core/text/text-file.ts';
import { CommandError, onFile } from '../shared/errors.ts';
import { readWholeFile } from '../shared/read-file.ts';

/** The data set's largest file has 1 MB. */
const MAX_BYTES = 200e6;

/** @throws CommandError that names the file and what is wrong with it */
export async function readExam(path: string): Promise<ExamQuestion[]> {
  const name = basename(path);
  const subject = SUBJECTS.find((known) => path.includes(known)) ?? name;
  try {
    return readQuestions(/\.parquet$/i.test(name) ? await parquetRows(path) : await csvRows(path), subject);
  } catch (error) {
    if (error instanceof ExamFormatError) throw new CommandError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function csvRows(path: string): Promise<ExamRow[]> {
  const { bytes } = await readWholeFile(path);
  const [header, ...rows] = readRows(textOfFile(bytes, path, 'pairs').text, ',');
  if (!header) throw new ExamFormatError('the file is empty');
  return rows.map(({ cells, number }) => {
    if (cells.length !== header.cells.length)
      throw new ExamFormatError(`row ${number} has ${cells.length} cells, and the header ${header.cells.length}`);
    return Object.fromEntries(header.cells.map((column, at) => [column.trim(), cells[at]]));
  });
}

async function parquetRows(path: string): Promise<ExamRow[]> {
  const handle = await onFile(path, open(path));
  try {
    const { size } = await handle.stat();
    if (size > MAX_BYTES)
      throw new ExamFormatError(`it has ${size} bytes; no more than ${MAX_BYTES} are read of such a file`);
    const file: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    };
    return await parquetReadObjects({ file });
  } catch (cause) {
    if (cause instanceof ExamFormatError) throw cause;
    throw new ExamFormatError(
      `it cannot be read as parquet (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  } finally {
    await handle.close();
  }
}
