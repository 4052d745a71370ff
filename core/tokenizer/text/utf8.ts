import type { PieceTable } from '../vocabulary.ts';

/** UTF-8 of a code point. */
export function utf8Of(code: number): number[] {
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}

/** All pieces in UTF-8, each terminated by a byte 0xFF. */
export function writeStrings({ units, starts, lengths, size }: PieceTable): Uint8Array {
  const bytes = new Uint8Array(units.length * 3 + size);
  let used = 0;
  for (let id = 0; id < size; id++) {
    const end = starts[id]! + lengths[id]!;
    for (let at = starts[id]!; at < end; at++) {
      const unit = units[at]!;
      const wide = (unit & 0xfc00) === 0xd800;
      const code = wide ? 0x10000 + ((unit & 0x3ff) << 10) + (units[++at]! & 0x3ff) : unit;
      for (const byte of utf8Of(code)) bytes[used++] = byte;
    }
    bytes[used++] = 0xff;
  }
  return bytes.subarray(0, used);
}

/**
 * Reads concatenated strings, each terminated by a byte 0xFF, which never occurs in UTF-8. Returns their UTF-16 units and
 * lengths. Decodes in one pass; calling TextDecoder for each of a quarter of a million strings takes ten times as long.
 */
export function readStrings(bytes: Uint8Array, count: number): { units: Uint16Array; lengths: Int32Array } | undefined {
  const units = new Uint16Array(bytes.length);
  const lengths = new Int32Array(count);
  let used = 0;
  let start = 0;
  let string = 0;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at++]!;
    if (byte < 0x80) units[used++] = byte;
    else if (byte === 0xff) {
      if (string === count) return undefined;
      lengths[string++] = used - start;
      start = used;
    } else if (byte < 0xe0) units[used++] = ((byte & 31) << 6) | (bytes[at++]! & 63);
    else if (byte < 0xf0) {
      units[used++] = ((byte & 15) << 12) | ((bytes[at]! & 63) << 6) | (bytes[at + 1]! & 63);
      at += 2;
    } else {
      const code =
        ((byte & 7) << 18) | ((bytes[at]! & 63) << 12) | ((bytes[at + 1]! & 63) << 6) | (bytes[at + 2]! & 63);
      at += 3;
      units[used++] = 0xd800 + ((code - 0x10000) >> 10);
      units[used++] = 0xdc00 + (code & 0x3ff);
    }
  }
  return string === count && start === used ? { units: units.slice(0, used), lengths } : undefined;
}
