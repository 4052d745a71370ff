/** Features of the images of rows: computed in one session, each image once. */
import { FailureError } from '#core/failure.ts';
import type { Preprocessor } from '#core/image/preprocessor.ts';
import { floatsOf } from '#core/lora/training/run-graph.ts';
import type { Backend } from '../model/backend.ts';
import type { PackageParts } from '../opened.ts';
import { openGraph, type RunnableGraph } from './graph-session.ts';

export class ImageFeatures {
  readonly #graph: RunnableGraph;
  readonly #preprocessor: Preprocessor;
  readonly #known = new Map<string | number, Float32Array>();

  private constructor(graph: RunnableGraph, preprocessor: Preprocessor) {
    this.#graph = graph;
    this.#preprocessor = preprocessor;
  }

  /** @throws FailureError `no-vision`, and those of `openGraph` */
  static async open(backend: Backend, { pack, preprocessor }: PackageParts): Promise<ImageFeatures> {
    if (!pack.vision || !preprocessor) throw new FailureError('no-vision');
    return new ImageFeatures(await openGraph(backend, pack, pack.vision, await pack.vision.read()), preprocessor);
  }

  /**
   * @param key of the image: the same images have the same
   * @param pixels reads it: float32 [3, height, width], normalised
   * @returns [tokens, hidden]
   */
  async of(key: string | number, pixels: (as: Preprocessor) => Promise<Float32Array>): Promise<Float32Array> {
    const before = this.#known.get(key);
    if (before) return before;
    const { height, width } = this.#preprocessor;
    const data = await pixels(this.#preprocessor);
    const input = { type: 'float32', data, dims: [1, 3, height, width] } as const;
    const features = floatsOf(await this.#graph.run({ pixel_values: input }), 'image_features').slice();
    this.#known.set(key, features);
    return features;
  }

  release(): Promise<void> {
    return this.#graph.release();
  }
}
