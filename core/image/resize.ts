/**
 * Bilinear resize with antialiasing, bit-exact with Pillow's `Image.resize(…, BILINEAR)` on 8-bit RGB, which Hugging Face's
 * Gemma 3 image processor uses. The filter is a triangle whose support grows with the
 * downscale factor; the passes are separable, horizontal first, each rounded to 8 bits.
 * Source of the arithmetic: Pillow, src/libImaging/Resample.c (fixed point with 22 fractional bits).
 */

/** 32 bits minus 8 for the value and 2 for the overshoot of Pillow's other filters. */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

/** For each output position: start and length of its window, and its fixed-point weights (`stride` apart). */
interface Windows {
  start: Int32Array;
  length: Int32Array;
  weights: Int32Array;
  stride: number;
}

/** Triangle weights of each of `to` output positions over `from` input positions. */
function triangleWindows(from: number, to: number): Windows {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const start = new Int32Array(to);
  const length = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const window = new Float64Array(stride);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(from, Math.trunc(center + support + 0.5)) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = Math.max(0, 1 - Math.abs((first + k - center + 0.5) * (1 / support)));
      window[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) {
      weights[i * stride + k] = Math.floor(((window[k] ?? 0) / sum) * (1 << FRACTION_BITS) + 0.5);
    }
    start[i] = first;
    length[i] = count;
  }
  return { start, length, weights, stride };
}

/**
 * Resizes an image in bands of rows from top to bottom, so that a very large image need not be in memory twice.
 * Between the passes it buffers `width × sourceHeight × 3` bytes.
 */
export class Resizer {
  private readonly columns: Windows;
  /** [sourceHeight, width, 3] */
  private readonly narrowed: Uint8Array;
  private rowsSeen = 0;

  /** Sizes in pixels. @throws RangeError for a size that is not a positive integer */
  constructor(
    private readonly sourceWidth: number,
    private readonly sourceHeight: number,
    private readonly width: number,
    private readonly height: number,
  ) {
    for (const size of [sourceWidth, sourceHeight, width, height]) {
      if (!Number.isInteger(size) || size < 1)
        throw new RangeError(`image size must be a positive integer, got ${size}`);
    }
    this.columns = triangleWindows(sourceWidth, width);
    this.narrowed = new Uint8Array(sourceHeight * width * 3);
  }

  /** The next rows, [rows, sourceWidth, channels] u8; a fourth channel (alpha) is ignored. */
  push(pixels: Uint8Array | Uint8ClampedArray, channels: 3 | 4): void {
    const rowLength = this.sourceWidth * channels;
    const rows = pixels.length / rowLength;
    if (!Number.isInteger(rows) || this.rowsSeen + rows > this.sourceHeight) {
      throw new RangeError(
        `${pixels.length} bytes are not whole rows of ${rowLength} within ${this.sourceHeight} rows`,
      );
    }
    const { start, length, weights, stride } = this.columns;
    let out = this.rowsSeen * this.width * 3;
    for (let row = 0; row < rows; row++) {
      for (let x = 0; x < this.width; x++, out += 3) {
        let at = row * rowLength + start[x]! * channels;
        let red = HALF;
        let green = HALF;
        let blue = HALF;
        const end = x * stride + length[x]!;
        for (let k = x * stride; k < end; k++, at += channels) {
          const weight = weights[k]!;
          red += pixels[at]! * weight;
          green += pixels[at + 1]! * weight;
          blue += pixels[at + 2]! * weight;
        }
        this.narrowed[out] = red >> FRACTION_BITS;
        this.narrowed[out + 1] = green >> FRACTION_BITS;
        this.narrowed[out + 2] = blue >> FRACTION_BITS;
      }
    }
    this.rowsSeen += rows;
  }

  /** RGB u8 [height, width, 3]. @throws RangeError if rows are missing */
  finish(): Uint8Array {
    if (this.rowsSeen !== this.sourceHeight) {
      throw new RangeError(`the image has ${this.sourceHeight} rows, ${this.rowsSeen} were given`);
    }
    const { start, length, weights, stride } = triangleWindows(this.sourceHeight, this.height);
    const rowLength = this.width * 3;
    const resized = new Uint8Array(this.height * rowLength);
    const sums = new Int32Array(rowLength);
    for (let y = 0; y < this.height; y++) {
      sums.fill(HALF);
      for (let k = 0; k < length[y]!; k++) {
        const weight = weights[y * stride + k]!;
        const from = (start[y]! + k) * rowLength;
        for (let i = 0; i < rowLength; i++) sums[i]! += this.narrowed[from + i]! * weight;
      }
      for (let i = 0; i < rowLength; i++) resized[y * rowLength + i] = sums[i]! >> FRACTION_BITS;
    }
    return resized;
  }
}

/** A whole image at once: u8 [sourceHeight, sourceWidth, channels] → RGB u8 [height, width, 3]. */
export function resize(
  pixels: Uint8Array | Uint8ClampedArray,
  channels: 3 | 4,
  source: { width: number; height: number },
  target: { width: number; height: number },
): Uint8Array {
  const resizer = new Resizer(source.width, source.height, target.width, target.height);
  resizer.push(pixels, channels);
  return resizer.finish();
}
