/** Rows of a table → questions. The columns are those of KorMedMCQA: question, A, B, C, D, E, answer; subject, year, q_number may be missing. */
import { strip } from './python-text.ts';
import { MAX_QUESTION_TEXT, MAX_QUESTIONS } from './limits.ts';
import { EXAMS, LETTERS, type ExamName, type ExamQuestion, type Letter } from './question.ts';

/** A table is not one of questions. The message names the row and the column. */
export class ExamFormatError extends Error {
  override readonly name = 'ExamFormatError';
}

/** A row by column: what CSV and parquet give. */
export type ExamRow = Readonly<Record<string, unknown>>;

const TEXTS = ['question', ...LETTERS] as const;

/** What a file's name says. */
export interface QuestionsFile {
  name: string;
  exam: ExamName | undefined;
}

/**
 * @param file its exam counts before the column `subject`, which has several values within one exam; its name where neither names an exam
 * @throws ExamFormatError
 */
export function readQuestions(rows: readonly ExamRow[], file: QuestionsFile): ExamQuestion[] {
  const [first] = rows;
  if (!first) throw new ExamFormatError('the table has no rows');
  const missing = [...TEXTS, 'answer'].filter((column) => !(column in first));
  if (missing.length > 0)
    throw new ExamFormatError(
      `the table has no column ${missing.join(', ')}; expected are question, A, B, C, D, E and answer, found are ${Object.keys(first).slice(0, 20).join(', ')}`,
    );
  if (rows.length > MAX_QUESTIONS)
    throw new ExamFormatError(`the table has ${rows.length} rows; no more than ${MAX_QUESTIONS} are read, so split it`);
  return rows.map((row, at) => questionOf(row, at + 1, file));
}

function questionOf(row: ExamRow, number: number, file: QuestionsFile): ExamQuestion {
  const text = (column: string) => {
    const value = row[column];
    if (typeof value === 'string' && value.length > MAX_QUESTION_TEXT)
      throw new ExamFormatError(
        `row ${number}: ${column} has ${value.length} characters; no more than ${MAX_QUESTION_TEXT} are read`,
      );
    if (typeof value === 'string') return value;
    // CSV has no types, and a choice of a parquet file may be a number.
    if (typeof value === 'number' || typeof value === 'bigint') return String(value);
    throw new ExamFormatError(`row ${number}: ${column} is ${shown(value)}, not a text`);
  };
  const choices = { A: text('A'), B: text('B'), C: text('C'), D: text('D'), E: text('E') };
  if (strip(text('question')) === '') throw new ExamFormatError(`row ${number}: question is empty`);
  const year = wholeNumber(row['year']);
  const inBooklet = wholeNumber(row['q_number']);
  const period = wholeNumber(row['period']);
  const { cot, subject } = row;
  const hasSubject = typeof subject === 'string' && subject !== '';
  const exam = file.exam ?? (hasSubject ? EXAMS.find((known) => subject.startsWith(known)) : undefined) ?? file.name;
  return {
    exam,
    ...(hasSubject && { subject }),
    ...(year !== undefined && { year }),
    ...(period !== undefined && { period }),
    ...(inBooklet !== undefined && { number: inBooklet }),
    ...{ question: text('question'), choices, answer: answerOf(row['answer'], number) },
    ...(typeof cot === 'string' && cot.length <= MAX_QUESTION_TEXT && { cot }),
  };
}

/** 1 to 5, as the data set has it. */
function answerOf(value: unknown, row: number): Letter {
  const letter = LETTERS[(wholeNumber(value) ?? 0) - 1];
  if (letter === undefined)
    throw new ExamFormatError(`row ${row}: answer is ${shown(value)}, not a number from 1 to 5`);
  return letter;
}

function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^\d{1,9}$/.test(value.trim())) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const plain = (_: string, part: unknown) => (typeof part === 'bigint' ? Number(part) : part);
  return (JSON.stringify(value, plain) ?? typeof value).slice(0, 40);
}
