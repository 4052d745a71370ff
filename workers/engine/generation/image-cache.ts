/** Features of images by content: an image is not encoded again in the next turn. */
import type { ImageFeatures } from '../model/vision.ts';
import { sha256 } from '../../store/sha256.ts';

/** In the 4B model the features of an image take 2.6 MB. */
const keptImages = 16;

export class ImageCache {
  /** In the order of use, the oldest first. */
  readonly #features = new Map<string, ImageFeatures>();

  get(hash: string): ImageFeatures | undefined {
    const features = this.#features.get(hash);
    if (features) {
      this.#features.delete(hash);
      this.#features.set(hash, features);
    }
    return features;
  }

  set(hash: string, features: ImageFeatures): void {
    this.#features.set(hash, features);
  }

  /** Drops the oldest beyond the limit; not during a turn, which may have more images than the limit. */
  trim(): void {
    for (const [hash, features] of this.#features) {
      if (this.#features.size <= keptImages) return;
      features.dispose();
      this.#features.delete(hash);
    }
  }

  clear(): void {
    for (const features of this.#features.values()) features.dispose();
    this.#features.clear();
  }
}

/** Hex SHA-256 of the encoded image. */
export const contentHash = (bytes: ArrayBuffer): Promise<string> => sha256(new Uint8Array(bytes));
