import { ImageError } from '#core/image/image-error.ts';

/** Rows of a band times width; 4 MiB of RGBA. */
const BAND_PIXELS = 1 << 20;

/**
 * Reads an ImageBitmap that was decoded without premultiplication. A 2D canvas premultiplies: it rounds the colours of
 * translucent pixels and blackens transparent ones. So bands with such pixels are read through WebGL, which hands out the
 * decoder's bytes.
 */
export class Bands {
  readonly hasAlpha: boolean;
  readonly #bitmap: ImageBitmap;
  readonly #rows: number;
  #reader: UnblendedReader | undefined;

  /** @param mayHaveAlpha false for a format that has none, so that it is not looked for */
  constructor(bitmap: ImageBitmap, mayHaveAlpha: boolean) {
    this.#bitmap = bitmap;
    this.#rows = Math.max(1, Math.min(bitmap.height, Math.floor(BAND_PIXELS / bitmap.width)));
    this.hasAlpha = mayHaveAlpha && this.#findAlpha();
  }

  #findAlpha(): boolean {
    for (const { data } of this.#drawn()) if (isTranslucent(data)) return true;
    return false;
  }

  /** RGBA u8 [rows, width, 4]. @throws ImageError where alpha cannot be taken off exactly */
  *read(): Iterable<Uint8Array | Uint8ClampedArray> {
    try {
      for (const { top, rows, data } of this.#drawn()) {
        if (!this.hasAlpha || !isTranslucent(data)) yield data;
        else yield (this.#reader ??= new UnblendedReader(this.#bitmap)).read(top, rows);
      }
    } finally {
      this.#reader?.close();
      this.#reader = undefined;
    }
  }

  *#drawn(): Generator<{ top: number; rows: number; data: Uint8ClampedArray }, void> {
    const { width, height } = this.#bitmap;
    const context = new OffscreenCanvas(width, this.#rows).getContext('2d', { willReadFrequently: true });
    if (!context) throw new ImageError(`no canvas of ${width} × ${this.#rows}`);
    for (let top = 0; top < height; top += this.#rows) {
      const rows = Math.min(this.#rows, height - top);
      context.clearRect(0, 0, width, rows);
      context.drawImage(this.#bitmap, 0, top, width, rows, 0, 0, width, rows);
      yield { top, rows, data: context.getImageData(0, 0, width, rows).data };
    }
  }
}

function isTranslucent(rgba: Uint8ClampedArray): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return true;
  return false;
}

class UnblendedReader {
  readonly #bitmap: ImageBitmap;
  readonly #gl: WebGL2RenderingContext;
  readonly #texture: WebGLTexture;

  constructor(bitmap: ImageBitmap) {
    this.#bitmap = bitmap;
    const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
    if (!gl) throw new ImageError('it has transparency, and this browser cannot take it off without WebGL');
    const limit: unknown = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    if (typeof limit !== 'number' || bitmap.width > limit)
      throw new ImageError(`it has transparency, and is wider than ${String(limit)} pixels`);
    this.#gl = gl;
    this.#texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.#texture);
  }

  read(top: number, rows: number): Uint8Array {
    const gl = this.#gl;
    const { width } = this.#bitmap;
    gl.pixelStorei(gl.UNPACK_SKIP_ROWS, top);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, this.#bitmap);
    const framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.#texture, 0);
    const pixels = new Uint8Array(width * rows * 4);
    gl.readPixels(0, 0, width, rows, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    const error = gl.getError();
    gl.deleteFramebuffer(framebuffer);
    if (error !== gl.NO_ERROR) throw new ImageError(`its transparency cannot be taken off (WebGL error ${error})`);
    return pixels;
  }

  close(): void {
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}
