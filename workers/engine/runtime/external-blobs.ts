import type * as Ort from 'onnxruntime-web';
import type { ExternalData } from '../model/backend.ts';
import { WidenedBlob } from '../model/widened-blob.ts';
import { RetryingBlob } from './retrying-blob.ts';

/** External data as Blobs, which onnxruntime-web reads tensor by tensor. */
export async function externalBlobs(
  { files, blob }: ExternalData,
  onRead?: (bytes: number) => void,
): Promise<Ort.InferenceSession.SessionOptions> {
  const externalData = await Promise.all(
    files.map(async (file) => {
      const data = await blob(file);
      // A RetryingBlob reads the bytes below the Blob, which are float16.
      const isWidened = data instanceof WidenedBlob;
      return { path: file, data: isWidened ? data.reporting(onRead) : new RetryingBlob(data, onRead) };
    }),
  );
  return { externalData };
}
