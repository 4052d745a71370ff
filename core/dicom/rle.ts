import { ImageError } from '../image/image-error.ts';

/**
 * RLE Lossless (PS3.5, G): byte planes, each packed on its own; most significant byte first, sample after sample.
 * @returns little endian, colour by pixel: u8 [pixels, samples, bytesPerSample]
 * @throws ImageError for data that are damaged or cut off
 */
export function decodeRle(data: Uint8Array, pixels: number, samples: number, bytesPerSample: number): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const planes = samples * bytesPerSample;
  if (data.length < 64 || view.getUint32(0, true) !== planes) throw new ImageError('its RLE data are damaged');
  const out = new Uint8Array(pixels * planes);
  for (let plane = 0; plane < planes; plane++) {
    const sample = Math.floor(plane / bytesPerSample);
    const byte = bytesPerSample - 1 - (plane % bytesPerSample);
    let from = view.getUint32(4 + plane * 4, true);
    for (let done = 0; done < pixels;) {
      const header = data[from++];
      if (header === undefined) throw new ImageError('the file is cut off');
      // -128 is nothing; 0 to 127 are so many bytes and one more; negative numbers repeat the next byte.
      if (header === 128) continue;
      const count = header < 128 ? header + 1 : 257 - header;
      for (let i = 0; i < count && done < pixels; i++, done++) {
        const value = data[header < 128 ? from + i : from];
        if (value === undefined) throw new ImageError('the file is cut off');
        out[done * planes + sample * bytesPerSample + byte] = value;
      }
      from += header < 128 ? count : 1;
    }
  }
  return out;
}
