/** The job that changes the adapters of the open model. */
import type { AdapterInfo, SetAdaptersRequest } from '#core/protocol/adapters.ts';
import { forgetPrefix, type PrefixCache } from '../generation/prefix-cache.ts';
import type { LoadedModel } from '../model/load.ts';
import { adapterFailure } from './failure.ts';
import { readAdapters } from './read.ts';

/** @throws FailureError; the adapters that stood before stand still, unless it is a DecoderGoneError */
export async function setAdapters(
  model: LoadedModel,
  prefix: PrefixCache,
  request: SetAdaptersRequest,
  signal: AbortSignal,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<readonly AdapterInfo[]> {
  try {
    const { adapters, infos } = await readAdapters(request, model.package.config, signal);
    try {
      await model.adapters.set(adapters, request.strengths, signal, onProgress);
    } finally {
      // Where nothing was touched the prefix is still good.
      if (model.decoder.length === 0) forgetPrefix(model.decoder, prefix);
    }
    return infos;
  } catch (error) {
    throw adapterFailure(error);
  }
}
