/**
 * 16-bit samples to 8: radiographs of 10, 12 or 14 bits are stored in 16-bit files without being scaled, and would be
 * almost black. So the highest bit that the file uses becomes the highest bit of the result. For a file that uses all 16 this is
 * Pillow's rule for 16-bit colour (the high byte). Pillow's `convert("RGB")` of 16-bit grey cuts everything above 255 off to white;
 * that is not imitated.
 * @param values u16 [pixels] or [pixels, 3]
 * @returns rgb u8 [pixels, 3]
 */
export function toEightBits(values: Uint16Array, pixels: number): { rgb: Uint8Array<ArrayBuffer>; usedBits: number } {
  let largest = 0;
  for (const value of values) if (value > largest) largest = value;
  const usedBits = Math.max(1, 32 - Math.clz32(largest));
  const shift = Math.max(0, usedBits - 8);
  const rgb = new Uint8Array(pixels * 3);
  const isGrey = values.length === pixels;
  for (let i = 0; i < rgb.length; i++) rgb[i] = values[isGrey ? Math.floor(i / 3) : i]! >> shift;
  return { rgb, usedBits };
}
