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
  /** 429. detail: host, url, and retryAfter (seconds) where the server tells */
  | 'rate-limited'
  /** 5xx. detail: host, url, status */
  | 'server-error'
  /** No such repository, or no tokenizer.json in it. detail: id */
  | 'not-found'
  /**
   * 401 or 403. Hugging Face answers so for repositories that want consent, and for those that do not exist.
   * detail: id (owner/name on Hugging Face, elsewhere the address), url, status
   */
  | 'gated'
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
  /** The job was stopped before it ended. */
  | 'stopped'
  /** Another job of the same worker did not stop, and the worker was ended with it. detail: worker */
  | 'worker-restarted'
  /** The worker broke off. detail: worker, reason */
  | 'worker-crashed'
  /** ONNX Runtime, or code of ours, reported an error that nobody expected. detail: reason */
  | 'runtime'
  /** Not JSON. detail: file, reason, and line and column where the browser tells them */
  | 'json-syntax'
  /** Not UTF-8. detail: file */
  | 'encoding'
  /** detail: file, bytes, limit */
  | 'too-large'
  /** Neither JSON nor SentencePiece. detail: file */
  | 'unknown-file'
  /** JSON, and no tokenizer and no pack. detail: file, reason */
  | 'not-a-tokenizer'
  /** A tokenizer that neither our encoder nor the library reads. detail: file, reason */
  | 'unsupported-tokenizer'
  /** detail: file, reason */
  | 'sentencepiece'
  /** A pack with something wrong in it. detail: file, reason */
  | 'pack'
  /** A pack for another base. detail: file, expected, found (first digits of SHA-256) */
  | 'pack-base'
  /** A pack, while the base it builds on is not there. */
  | 'no-base'
  /** A line of pairs without a tab. detail: file, line */
  | 'pair-without-tab'
  /** A line of pairs with more than two columns. detail: file, line, columns */
  | 'pair-columns'
  /** A file of pairs without a pair. detail: file */
  | 'no-pairs'
  /** More text than is compared live. detail: file, length, limit */
  | 'text-too-long'
  /** A training text without a sentence. */
  | 'no-text'
  /** A training text without Hangul. detail: sentences */
  | 'no-hangul'
  /** A training text with too few different sentences. detail: sentences, least */
  | 'too-little'
  /** No pair of neighbours is frequent enough to be merged. detail: frequency */
  | 'no-pair';

/** Thrown by domain code, and by a client whose job failed. Its fields cross the worker border as a `Failure`. */
export class FailureError extends Error {
  constructor(
    readonly code: FailureCode,
    readonly detail: Failure['detail'] = {},
    options?: ErrorOptions,
  ) {
    super(`${code} ${JSON.stringify(detail)}`, options);
    this.name = 'FailureError';
  }

  get failure(): Failure {
    return { code: this.code, detail: this.detail };
  }
}
