/** The job that changes the adapters of the open model. */
import type { AdapterInfo } from '#core/lora/describe.ts';
import type { SetAdaptersRequest } from '#core/protocol/adapters.ts';
import { forgetPrefix, type PrefixCache } from '../generation/prefix-cache.ts';
import type { LoadedModel } from '../model/load.ts';
import { asAdapterError } from './failure.ts';

/** @throws AdapterError, FailureError; the adapters that were applied before stay applied, unless it is a DecoderGoneError */
export async function setAdapters(
  model: LoadedModel,
  prefix: PrefixCache,
  request: SetAdaptersRequest,
  signal: AbortSignal,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<readonly AdapterInfo[]> {
  try {
    const { adapters, infos } = await model.adapterCache.read(request, signal);
    try {
      await model.adapters.set(adapters, request.strengths, signal, onProgress);
      model.adapterCache.applied(request);
    } finally {
      // If the decoder's cache was not emptied, the prefix is still valid.
      if (model.decoder.length === 0) forgetPrefix(model.decoder, prefix);
    }
    return infos;
  } catch (error) {
    throw asAdapterError(error);
  }
}
