/**
 * A failure that the person in front of the page can understand and act on. It crosses the worker border as
 * data; `src/messages` turns `code` into Korean and English, `detail` names the thing.
 */
export interface Failure {
  code: FailureCode;
  /** Values for the message: file and tensor names, byte counts. Never a whole sentence. */
  detail: Readonly<Record<string, string | number>>;
}

export type FailureCode =
  /** A file the package needs is not there. detail: file */
  | 'file-missing'
  /** The file is there and is not what it should be. detail: file, reason */
  | 'file-broken'
  /** The embedding table has a form that is not read; the model itself runs. detail: file, reason */
  | 'embedding-unreadable'
  /** A hash in the manifest and the bytes differ. detail: file */
  | 'hash-mismatch'
  /** The device has no connection. detail: url */
  | 'offline'
  /** The connection failed. detail: url, reason, and status where the server answered */
  | 'network'
  /** 401 or 403. Hugging Face answers so for repositories that want consent, and for those that do not exist. detail: host, url, status */
  | 'gated'
  /** 429. detail: host, url, and retryAfter (seconds) where the server tells */
  | 'rate-limited'
  /** 5xx. detail: host, url, status */
  | 'server-error'
  /** Larger than any file of its kind. detail: file, bytes, limit */
  | 'too-large'
  /** The architecture or the graph is none that the engine runs. detail: file, reason */
  | 'unsupported-package'
  /** The package needs a GPU feature that this one lacks. detail: feature */
  | 'gpu-feature-missing'
  /** No WebGPU, and the package is too large for the CPU. detail: bytes, limit, reason */
  | 'too-large-for-cpu'
  /** detail: bytes */
  | 'out-of-memory'
  /** The GPU went away while a model stood on it. detail: reason */
  | 'device-lost'
  /** An image could not be decoded. detail: name, reason */
  | 'image-unreadable'
  /** The package has no vision encoder and the prompt has an image. */
  | 'no-vision'
  /** The prompt does not fit. detail: needed, limit */
  | 'context-full'
  /** An adapter is broken, of a kind that is not run, or of another model. detail: file, reason */
  | 'adapter-refused'
  /** The decoder's products are named so that no adapter can be put beside them. detail: file */
  | 'no-lora-branches'
  /** generate() before open(). */
  | 'no-model'
  /** Another job is running. */
  | 'busy'
  /** ONNX Runtime reported an error. detail: reason */
  | 'runtime';

/** Thrown inside a worker; the border turns it into a `failed` event (comlink would lose the fields). */
export class FailureError extends Error {
  constructor(
    readonly code: FailureCode,
    readonly detail: Failure['detail'] = {},
    options?: ErrorOptions,
  ) {
    super(`${code} ${JSON.stringify(detail)}`, options);
    this.name = 'FailureError';
  }
}
