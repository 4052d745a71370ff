import type * as Ort from 'onnxruntime-web';
import type { ExternalData } from '../model/backend.ts';
import { RetryingBlob } from './retrying-blob.ts';

/** External data as Blobs, which onnxruntime-web reads tensor by tensor. */
export async function externalBlobs(
  { files, blob }: ExternalData,
  onRead?: (bytes: number) => void,
): Promise<Ort.InferenceSession.SessionOptions> {
  const externalData = await Promise.all(
    files.map(async (file) => ({ path: file, data: new RetryingBlob(await blob(file), onRead) })),
  );
  return { externalData };
}
