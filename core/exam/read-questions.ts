/** Rows of a table → questions. The columns are those of KorMedMCQA: question, A, B, C, D, E, answer; subject, year, q_number may be missing. */
import { strip } from './python-text.ts';
import { MAX_QUESTION_TEXT, MAX_QUESTIONS } from './limits.ts';
import { ExamFileError, type ExamProblem } from './exam-file.ts';
import { EXAMS, LETTERS, type ExamName, type ExamQuestion, type Letter } from './question.ts';

/** What CSV and parquet give. */
export interface ExamRow {
  /** As ExamProblem counts. */
  number: number;
  /** By column. */
  cells: Readonly<Record<string, unknown>>;
}

const TEXTS = ['question', ...LETTERS] as const;

/** What a file's path says. */
export interface QuestionsFile {
  path: string;
  /** Without folder and ending. */
  name: string;
  exam: ExamName | undefined;
}

/**
 * @param file its exam counts before the column `subject`, which has several values within one exam; its name where neither names an exam
 * @throws ExamFileError
 */
export function readQuestions(rows: readonly ExamRow[], file: QuestionsFile): ExamQuestion[] {
  const [first] = rows;
  const refuse = (problem: ExamProblem) => new ExamFileError(file.path, problem);
  if (!first) throw refuse({ problem: 'noRows' });
  const missing = [...TEXTS, 'answer'].filter((column) => !(column in first.cells));
  if (missing.length > 0) {
    const found = Object.keys(first.cells).slice(0, 20).join(', ');
    throw refuse({ problem: 'noColumn', columns: missing.join(', '), found });
  }
  if (rows.length > MAX_QUESTIONS) throw refuse({ problem: 'tooManyRows', rows: rows.length, limit: MAX_QUESTIONS });
  return rows.map((row) => questionOf(row, file));
}

function questionOf({ number: row, cells }: ExamRow, file: QuestionsFile): ExamQuestion {
  const refuse = (problem: ExamProblem) => new ExamFileError(file.path, problem);
  const text = (column: string) => {
    const value = cells[column];
    if (typeof value === 'string' && value.length > MAX_QUESTION_TEXT)
      throw refuse({ problem: 'tooLong', row, column, characters: value.length, limit: MAX_QUESTION_TEXT });
    if (typeof value === 'string') return value;
    // CSV has no types, and a choice of a parquet file may be a number.
    if (typeof value === 'number' || typeof value === 'bigint') return String(value);
    throw refuse({ problem: 'notText', row, column, value: shown(value) });
  };
  const choices = { A: text('A'), B: text('B'), C: text('C'), D: text('D'), E: text('E') };
  if (strip(text('question')) === '') throw refuse({ problem: 'noQuestion', row });
  const answer = letterOf(cells['answer']);
  if (answer === undefined) throw refuse({ problem: 'answer', row, value: shown(cells['answer']) });
  const year = wholeNumber(cells['year']);
  const inBooklet = wholeNumber(cells['q_number']);
  const period = wholeNumber(cells['period']);
  const { cot, subject } = cells;
  const hasSubject = typeof subject === 'string' && subject !== '' && subject.length <= MAX_QUESTION_TEXT;
  const exam = file.exam ?? (hasSubject ? EXAMS.find((known) => subject.startsWith(known)) : undefined) ?? file.name;
  return {
    exam,
    ...(hasSubject && { subject }),
    ...(year !== undefined && { year }),
    ...(period !== undefined && { period }),
    ...(inBooklet !== undefined && { number: inBooklet }),
    ...{ question: text('question'), choices, answer },
    ...(typeof cot === 'string' && cot.length <= MAX_QUESTION_TEXT && { cot }),
  };
}

/** 1 to 5, as the data set has it. */
function letterOf(value: unknown): Letter | undefined {
  return LETTERS[(wholeNumber(value) ?? 0) - 1];
}

function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^\d{1,9}$/.test(value.trim())) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function shown(value: unknown): string {
  const plain = (_: string, part: unknown) => (typeof part === 'bigint' ? Number(part) : part);
  return (JSON.stringify(value, plain) ?? 'null').slice(0, 40);
}
