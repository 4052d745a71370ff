/** The image of the self-test: made by a formula, so that no file, decoder or resampling stands between it and the encoder. */

/** @returns normalised pixels, float32 [3, size, size], from −1 to 1: waves of another direction and length in each channel */
export function testImage(size: number): Float32Array<ArrayBuffer> {
  const pixels = new Float32Array(3 * size * size);
  let at = 0;
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++)
        pixels[at++] =
          Math.cos((2 * Math.PI * (channel + 1) * (x + y / 2)) / size) *
          Math.sin((2 * Math.PI * (3 - channel) * y) / size);
  return pixels;
}
