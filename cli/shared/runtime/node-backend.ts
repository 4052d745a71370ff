/** The engine's backend in Node: ONNX Runtime's native CPU provider. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { FailureError } from '#core/failure.ts';
import type { Backend } from '../../../workers/engine/model/backend.ts';

export interface NodeBackendOptions {
  /** Number of threads for one run of a graph; undefined: the runtime's default, one per physical core. */
  threads?: number | undefined;
}

/** The runtime maps external data into memory, so weights are read when they are first used and never copied. */
export function nodeBackend({ threads }: NodeBackendOptions = {}): Backend {
  return {
    runtime: { ort, build: 'native', wasmBytes: () => undefined },
    gpu: undefined,
    info: { provider: 'cpu', build: 'native', adapter: undefined, cpuReason: undefined },
    sessionOptions: {
      executionProviders: ['cpu'],
      logSeverityLevel: 3,
      // Each session would keep its scratch memory for itself: with MedGemma 4B some 0.3 GB for each of nine stages of the encoder.
      enableCpuMemArena: false,
      ...(threads !== undefined && { intraOpNumThreads: threads }),
    },
    // A graph that is patched in memory has no folder of its own; this names the one where its external files are.
    async externalData({ files, folder, refuseShort }) {
      if (folder === undefined) throw new TypeError('external data in Node must be in a folder');
      for (const file of files) refuseShort(file, await sizeOf(folder, file));
      return { extra: { session: { model_external_initializers_file_folder_path: folder } } };
    },
    guard: (work) => work.catch(asFailure),
    destroy() {},
  };
}

/** Undefined for what is no file. */
async function sizeOf(folder: string, file: string): Promise<number | undefined> {
  const found = await stat(join(folder, file)).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

/** The runtime throws plain errors. @throws FailureError `runtime` in place of one, others as they are */
function asFailure(error: unknown): never {
  if (!(error instanceof Error) || error.constructor !== Error) throw error;
  throw new FailureError('runtime', { file: '', reason: error.message }, { cause: error });
}
