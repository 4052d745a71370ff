/** What is wrong with a file of questions as a person reads it on the command line; src/messages has the page's words. */
import type { ExamProblem } from '#core/exam/exam-file.ts';
import { printable } from '#core/printable.ts';

const COLUMNS = 'question, A, B, C, D, E and answer';

/** Follows the name of the file. */
export function problemText(what: ExamProblem): string {
  return printable(sentence(what));
}

function sentence(what: ExamProblem): string {
  const row = 'row' in what ? `row ${what.row} (the header is row 1)` : '';
  switch (what.problem) {
    case 'otherKind':
      return 'it is neither parquet nor CSV';
    case 'tooLarge':
      return `it has ${what.bytes} bytes; no more than ${what.limit} are read of such a file`;
    case 'notParquet':
      return 'it is no parquet; a folder cloned without Git LFS holds pointers in place of the files, so fetch the file itself';
    case 'parquet':
      return `it cannot be read as parquet (${what.reason}); download it again, or save it as CSV`;
    case 'empty':
      return `the file is empty; expected are the columns ${COLUMNS}`;
    case 'noRows':
      return 'the table has no rows below its header';
    case 'tooManyRows':
      return `the table has ${what.rows} rows; no more than ${what.limit} are read, so split it`;
    case 'noColumn':
      return `the table has no column ${what.columns}; expected are ${COLUMNS}, divided by commas, found are ${what.found}`;
    case 'cells':
      return `${row} has ${what.cells} cells, and the header ${what.expected}; quote cells that hold a comma or a line end`;
    case 'tooLong':
      return `${row}: ${what.column} has ${what.characters} characters; no more than ${what.limit} are read`;
    case 'notText':
      return `${row}: ${what.column} is ${what.value}, not a text`;
    case 'noQuestion':
      return `${row}: question is empty; fill it in, or delete the row`;
    case 'answer':
      return `${row}: answer is ${what.value}, not a number from 1 to 5`;
  }
}
