/** A file that a visitor brings as exam questions, and why it cannot be read as such. */
import { FailureError } from '../failure.ts';

/**
 * A row is numbered as a spreadsheet numbers it, in parquet too: the row of the columns' names is 1, the first question 2.
 * The page has Korean and English words for each, `cli/exam` those of the command line.
 */
export type ExamProblem =
  /** Neither parquet nor CSV. */
  | { problem: 'otherKind' }
  | { problem: 'tooLarge'; bytes: number; limit: number }
  /** Named .parquet, but other bytes. */
  | { problem: 'notParquet' }
  /** Words of the parquet library. */
  | { problem: 'parquet'; reason: string }
  | { problem: 'empty' }
  /** Names of columns, but no row below them. */
  | { problem: 'noRows' }
  | { problem: 'tooManyRows'; rows: number; limit: number }
  /** Names, listed. */
  | { problem: 'noColumn'; columns: string; found: string }
  | { problem: 'cells'; row: number; cells: number; expected: number }
  | { problem: 'tooLong'; row: number; column: string; characters: number; limit: number }
  /** The cell as JSON, cut. */
  | { problem: 'notText'; row: number; column: string; value: string }
  | { problem: 'noQuestion'; row: number }
  | { problem: 'answer'; row: number; value: string };

/** Failure `exam-file` with file, and the fields of the problem. */
export class ExamFileError extends FailureError {
  override readonly name = 'ExamFileError';

  constructor(
    file: string,
    readonly problem: ExamProblem,
    options?: ErrorOptions,
  ) {
    super('exam-file', { file, ...problem }, options);
  }
}
