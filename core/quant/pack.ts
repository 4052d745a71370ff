/**
 * Packs codes into bytes, in the layout of com.microsoft.MatMulNBits: a bit stream that begins at the lowest bit of the first
 * byte. Blocks begin at whole bytes, since a block has at least 16 codes.
 */

/** Bits per code: 2, 3, 4 or 8; NF4 has 4. */
export type CodeBits = 2 | 3 | 4 | 8;

/**
 * Packs codes, each below 2^bits, into ⌈codes · bits / 8⌉ bytes. For MatMulNBits, pass codes of whole blocks: the
 * result is [rows, blocks, blockSize · bits / 8].
 */
export function packCodes(codes: Uint8Array, bits: CodeBits): Uint8Array<ArrayBuffer> {
  if (bits === 8) return Uint8Array.from(codes);
  const packed = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  if (bits === 4) {
    for (let i = 0, byte = 0; i < codes.length; i += 2, byte++)
      packed[byte] = (codes[i] ?? 0) | ((codes[i + 1] ?? 0) << 4);
  } else if (bits === 2) {
    for (let i = 0, byte = 0; i < codes.length; i += 4, byte++)
      packed[byte] =
        (codes[i] ?? 0) | ((codes[i + 1] ?? 0) << 2) | ((codes[i + 2] ?? 0) << 4) | ((codes[i + 3] ?? 0) << 6);
  } else {
    // Eight codes of 3 bits fill three bytes. Typed arrays ignore writes beyond the end.
    for (let i = 0, byte = 0; i < codes.length; i += 8, byte += 3) {
      let group = 0;
      for (let j = 0; j < 8; j++) group |= (codes[i + j] ?? 0) << (3 * j);
      packed[byte] = group & 255;
      packed[byte + 1] = (group >> 8) & 255;
      packed[byte + 2] = (group >> 16) & 255;
    }
  }
  return packed;
}

/** Unpacks `count` codes packed by `packCodes`. @throws RangeError if the number of bytes does not match */
export function unpackCodes(packed: Uint8Array, bits: CodeBits, count: number): Uint8Array<ArrayBuffer> {
  if (packed.length !== Math.ceil((count * bits) / 8))
    throw new RangeError(`${packed.length} bytes do not hold ${count} codes`);
  if (bits === 8) return Uint8Array.from(packed);
  const codes = new Uint8Array(count);
  const mask = 2 ** bits - 1;
  for (let i = 0, bit = 0; i < count; i++, bit += bits) {
    // A code of 3 bits may span two bytes. Uses a division, since bit positions above 2³¹ overflow a shift.
    const byte = Math.floor(bit / 8);
    codes[i] = (((packed[byte] ?? 0) | ((packed[byte + 1] ?? 0) << 8)) >> (bit - 8 * byte)) & mask;
  }
  return codes;
}

/** Packs zero points [rows, blocks] for MatMulNBits: uint8 [rows, ⌈blocks · bits / 8⌉]; each row begins at a whole byte. */
export function packZeroPoints(zeroPoints: Uint8Array, rows: number, bits: CodeBits): Uint8Array<ArrayBuffer> {
  const blocks = zeroPoints.length / rows;
  if (!Number.isInteger(blocks)) throw new RangeError(`${zeroPoints.length} zero points are not ${rows} rows`);
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const packed = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++)
    packed.set(packCodes(zeroPoints.subarray(row * blocks, (row + 1) * blocks), bits), row * rowBytes);
  return packed;
}

/** Inverse of `packZeroPoints`. */
export function unpackZeroPoints(packed: Uint8Array, rows: number, blocks: number, bits: CodeBits): Uint8Array {
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const zeroPoints = new Uint8Array(rows * blocks);
  for (let row = 0; row < rows; row++)
    zeroPoints.set(unpackCodes(packed.subarray(row * rowBytes, (row + 1) * rowBytes), bits, blocks), row * blocks);
  return zeroPoints;
}
