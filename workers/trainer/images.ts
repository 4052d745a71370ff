/** Images of training rows. */
import type { Preprocessor } from '#core/image/preprocessor.ts';
import { greyscalePng } from '#core/image/png.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import type { TrainingImage } from '#core/protocol/trainer.ts';
import { readPixelValues } from '../engine/image/pixels.ts';
import { sha256 } from '../store/sha256.ts';

/** Equal for equal images, however many rows have them. @throws DOMException for a file that is gone */
export async function imageKey(image: TrainingImage): Promise<string> {
  if (image.type === 'phantom') return `phantom ${image.seed}`;
  return `file ${await sha256(new Uint8Array(await image.blob.arrayBuffer()))}`;
}

/** As the chat hands it to the model: float32 [3, height, width]. @throws FailureError as `readPixelValues` */
export function pixelsOf(image: TrainingImage, as: Preprocessor): Promise<Float32Array> {
  if (image.type === 'file') return readPixelValues(image.blob, image.name, as);
  const { seed } = image;
  const png = greyscalePng(renderPhantom(drawPhantom(seed)), SIDE, SIDE);
  return readPixelValues(new Blob([png]), `phantom-${seed}.png`, as);
}
