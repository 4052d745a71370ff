import { timed } from '../runtime/timed.ts';
import { int64Tensor, type Backend } from './backend.ts';
import { textMask, type Decoder } from './decoder.ts';
import type { Embedding } from './embedding.ts';

/** As long as a short prompt: the kernels for it differ from those for a few tokens. */
export const warmUpTokens = 64;

/**
 * The first runs compile shaders, and those for a chunk differ from those for a single token. Both run once here, so that
 * the first answer does not wait. On the CPU nothing is compiled, and a single token checks that the graphs run. The cache
 * is empty afterwards.
 * @returns milliseconds of the run of a single token; on a GPU its kernels were compiled in them
 */
export async function warmUp(backend: Backend, embedding: Embedding, decoder: Decoder): Promise<number> {
  const chunk = backend.gpu ? [Math.min(warmUpTokens, decoder.cache.capacity - 1)] : [];
  let milliseconds = NaN;
  for (const length of [...chunk, 1]) {
    const begin = performance.now();
    const ids = new Array<number>(length).fill(0);
    await timed(`warm-up: ${length}`, async () => {
      const input = await embedding.embed(int64Tensor(backend, ids, [1, length]));
      await decoder.run(
        input,
        ids.map(() => textMask),
        'token',
      );
      if (backend.gpu) await backend.guard(backend.gpu.device.queue.onSubmittedWorkDone());
    });
    milliseconds = performance.now() - begin;
  }
  decoder.truncate(0);
  return milliseconds;
}
