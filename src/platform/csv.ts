import Papa from 'papaparse';

/** Spreadsheet programs take UTF-8 for Korean only when it says so. */
const byteOrderMark = '\uFEFF';

/**
 * Rows as CSV (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe before it: texts come from
 * anybody. Numbers stay numbers.
 */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  return (
    byteOrderMark +
    Papa.unparse(
      rows.map((row) => [...row]),
      { escapeFormulae: true, newline: '\r\n' },
    )
  );
}
