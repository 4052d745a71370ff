import { expose } from 'comlink';
import { FailureError } from '#core/failure.ts';
import { decodeImage, rgbOf } from '../../workers/image/decode.ts';
import { readPixelValues, readResized } from '../../workers/engine/image/pixels.ts';

/** The image functions as the engine worker runs them; errors cross as data, as they do there. */
const api = {
  /** Every pixel: RGB u8 [height, width, 3]. */
  async decoded(image: Blob, name: string) {
    try {
      const decoded = await decodeImage(image, name);
      const { width, height, notes } = decoded;
      const rgb = rgbOf(decoded);
      decoded.close();
      return { width, height, notes, rgb };
    } catch (error) {
      if (error instanceof FailureError) return { code: error.code, detail: error.detail };
      throw error;
    }
  },
  async resized(image: Blob, name: string, size: number) {
    try {
      return await readResized(image, name, { width: size, height: size });
    } catch (error) {
      if (error instanceof FailureError) return { code: error.code, detail: error.detail };
      throw error;
    }
  },
  pixelValues(image: Blob, name: string, size: number) {
    const half = [0.5, 0.5, 0.5] as const;
    return readPixelValues(image, name, { width: size, height: size, mean: half, std: half, rescaleFactor: 1 / 255 });
  },
};

export type ImageWorkerApi = typeof api;
expose(api);
