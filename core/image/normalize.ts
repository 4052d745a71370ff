import type { Preprocessor } from './preprocessor.ts';

/**
 * RGB u8 [height, width, 3] → pixel values f32 [3, height, width], (x · rescaleFactor − mean) / std per channel.
 * Source: Hugging Face image processors, `rescale` then `normalize`. @throws RangeError if the sizes differ
 */
export function normalize(rgb: Uint8Array, preprocessor: Preprocessor): Float32Array<ArrayBuffer> {
  const { width, height, mean, std, rescaleFactor } = preprocessor;
  const plane = width * height;
  if (rgb.length !== plane * 3) throw new RangeError(`${rgb.length} bytes are not ${width} × ${height} RGB`);
  const values = new Float32Array(plane * 3);
  for (const channel of [0, 1, 2] as const) {
    // Lookup table for the 256 possible inputs.
    const table = Float32Array.from({ length: 256 }, (_, x) => (x * rescaleFactor - mean[channel]) / std[channel]);
    const to = channel * plane;
    for (let i = 0; i < plane; i++) values[to + i] = table[rgb[i * 3 + channel]!]!;
  }
  return values;
}
