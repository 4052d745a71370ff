/** Rows of text as columns: the first to the left, the others to the right. */
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

/** `missing` stands where there is no value. */
export function fixed(value: number | undefined, digits: number, missing = '–'): string {
  return value === undefined ? missing : value.toFixed(digits);
}

/** A share of 1 as per cent; `missing` stands where there is none. */
export function percent(share: number | undefined, missing = '–'): string {
  return share === undefined ? missing : `${(share * 100).toFixed(1)} %`;
}

/** A relative change as per cent, with its sign. */
export function signedPercent(change: number | undefined): string {
  if (change === undefined) return '–';
  const sign = change > 0 ? '+' : '';
  return `${sign}${percent(change).replace('-', '−')}`;
}
