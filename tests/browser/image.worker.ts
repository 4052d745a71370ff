import { expose } from 'comlink';
import { FailureError } from '#core/failure.ts';
import { readPixelValues, readResized } from '../../workers/engine/image/pixels.ts';

/** The image functions as the engine worker runs them; errors cross as data, as they do there. */
const api = {
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
