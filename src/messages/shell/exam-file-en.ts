import type { ExamProblem } from '#core/exam/exam-file.ts';
import { choices } from './choices.ts';

const row = 'Row {row, number} (the row of the columns’ names is row 1)';
const problems: Record<ExamProblem['problem'], string> = {
  otherKind:
    'It is neither parquet nor CSV. Open files such as doctor-test.csv or test-00000-of-00001.parquet; save an Excel sheet as “CSV UTF-8”.',
  tooLarge:
    'It has {bytes, number} bytes, and files of questions open up to {limit, number}. Check that it is the file you meant, or split it.',
  notParquet:
    'Its name says parquet, but it is none. A folder that was cloned without Git LFS holds pointers in place of files: download the file itself.',
  parquet: 'It is damaged, or a parquet of an unknown kind. Download it again, or save it as CSV.',
  empty: 'It is empty. Its first row names the columns question, A, B, C, D, E and answer; the questions stand below.',
  noRows: 'There is no question in it below the row of the columns’ names.',
  tooManyRows: 'It has {rows, number} rows, and up to {limit, number} are read. Split it.',
  noColumn:
    'It has no column {columns}. Needed are question, A, B, C, D, E and answer; found were {found}. Its columns must be divided by commas.',
  cells: `${row} has {cells, number} cells, and there are {expected, number} columns. Put cells that hold a comma or a line end into double quotes, as a spreadsheet does.`,
  tooLong: `${row}: {column} has {characters, number} characters, and up to {limit, number} are read. A quote that is not closed can swallow what follows.`,
  notText: `${row}: {column} is {value} and not a text. Fill in the cell.`,
  noQuestion: `${row}: question is empty. Fill it in, or delete the row.`,
  answer: `${row}: answer is {value}. Give the number of the right choice: 1 for A, 5 for E.`,
};

/** What is wrong with a file of questions and what to do; the argument `problem` chooses. */
export const examProblem = choices('problem', problems, 'Check the file and open it again.');
