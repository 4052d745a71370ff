/** The first and the last byte of a range, both included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * Reads the header `Range` (RFC 9110, 14.2) for a file of `size` bytes.
 * @returns undefined for a header that is ignored: of another unit, of several ranges, or malformed; the answer is the whole file
 */
export function byteRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header.replaceAll(' ', '')) ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return undefined;
  if (first >= size) return 'unsatisfiable';
  return { first, last: Math.min(to === '' ? size - 1 : Number(to), size - 1) };
}
