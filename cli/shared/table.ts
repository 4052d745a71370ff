/** Rows of text as columns; the first to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

/** A share as per cent, with its sign. */
export function percent(share: number | undefined): string {
  if (share === undefined) return '–';
  const text = (share * 100).toFixed(1);
  return `${share > 0 ? '+' : ''}${text.replace('-', '−')} %`;
}
