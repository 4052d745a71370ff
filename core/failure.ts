/**
 * A failure that a user can understand and act on. Workers send it to the page as data; `src/messages` has a Korean and an
 * English text for each `code`, and `detail` fills in the specifics.
 */
export interface Failure {
  code: FailureCode;
  /** Values for the message: file and tensor names, byte counts. Never a whole sentence. */
  detail: Readonly<Record<string, string | number>>;
}

export type FailureCode =
  /** A required file of the package is missing. detail: file */
  | 'file-missing'
  /** The file exists but its content is invalid. detail: file, reason */
  | 'file-broken'
  /** A file that was picked can no longer be read: it was moved, changed or deleted, or its drive is gone. detail: reason, and file if known */
  | 'file-gone'
  /** The format of the embedding table is not supported; the model itself runs. detail: file, reason */
  | 'embedding-unreadable'
  /** The bytes do not match a hash in the manifest. detail: file */
  | 'hash-mismatch'
  /** The server keeps breaking off in the middle of the file. detail: file, bytes, total */
  | 'cut-off'
  /** The server's file is not as long as the manifest says. detail: file, bytes (the server's), expected */
  | 'wrong-length'
  /** The browser's storage is full. detail: reason */
  | 'storage-full'
  /** Another tab writes the same file in the browser's storage. detail: reason */
  | 'storage-locked'
  /** The browser gives this page no storage, as in some private windows. */
  | 'no-storage'
  /** The device has no connection. detail: url */
  | 'offline'
  /** The connection failed. detail: url, reason, and status if the server responded */
  | 'network'
  /** HTTP 429. detail: host, url, and retryAfter (seconds) if the server sends it */
  | 'rate-limited'
  /** HTTP 5xx. detail: host, url, status */
  | 'server-error'
  /** No such repository, or no tokenizer.json in it. detail: id */
  | 'not-found'
  /**
   * HTTP 401 or 403. Hugging Face sends these for gated repositories and for repositories that do not exist.
   * detail: id (owner/name on Hugging Face, otherwise the URL), host, url, status, page (of the repository, where its terms
   * can be accepted; Hugging Face only), token ('sent' if an access token was sent)
   */
  | 'gated'
  /** MedGemma, whose terms of use were not accepted on this device. detail: name */
  | 'terms-not-accepted'
  /** The engine does not support the architecture or the graph. detail: file, reason */
  | 'unsupported-package'
  /** The GPU lacks a feature that the package needs. detail: feature */
  | 'gpu-feature-missing'
  /** The page has neither https nor localhost: the browser withholds hashing, WebGPU and storage. */
  | 'insecure-context'
  /** WebGPU is unavailable and the package is too large for the CPU. detail: bytes, limit, reason */
  | 'too-large-for-cpu'
  /** detail: bytes, and reason where the GPU driver gave one */
  | 'out-of-memory'
  /** The GPU device was lost while a model was loaded. detail: reason */
  | 'device-lost'
  /**
   * The device computes other values than the manifest says. detail: part (SelfTestPart), provider, variant (dtype of the decoder),
   * fullVariant (a float32 variant that the package has beside it, or ''), subgroups ('on' or 'off'), key
   */
  | 'self-test'
  /** An image could not be decoded. detail: name, reason, and kind 'dicom' of a DICOM file */
  | 'image-unreadable'
  /** A file of a kind that is not opened as an image. detail: name, kind (of core/files/kinds.ts) */
  | 'image-kind'
  /** A DICOM file in a compression that is not supported. detail: name, syntax (name of the transfer syntax) */
  | 'dicom-compressed'
  /** The package has no vision encoder and the prompt has an image. */
  | 'no-vision'
  /**
   * The prompt does not fit. detail: needed, limit, alone (tokens of the last question without earlier turns), and
   * perImage if the last question has images
   */
  | 'context-full'
  /** An adapter is invalid, of an unsupported kind, or for another model. detail: file, reason */
  | 'adapter-refused'
  /** The decoder's node names do not identify its projections, so adapters cannot be applied. detail: file */
  | 'no-lora-branches'
  /** An adapter cannot be trained as asked. detail: problem (RefusedTraining of core/protocol/trainer.ts) and what goes with it */
  | 'training-refused'
  /** generate() before open(). */
  | 'no-model'
  /** Another job is running. */
  | 'busy'
  /** The job was stopped before it finished. */
  | 'stopped'
  /** Another job of the same worker did not stop, so the worker was terminated. detail: worker */
  | 'worker-restarted'
  /** The worker crashed. detail: worker, reason */
  | 'worker-crashed'
  /** The browser refused to start the worker. detail: worker, reason */
  | 'worker-not-started'
  /** Unexpected error in ONNX Runtime or in our code. detail: reason */
  | 'runtime'
  /** A package cannot be made of this checkpoint. detail: reason, in the words of the command line */
  | 'export-refused'
  /** The checkpoint is not the one that a package was begun from. detail: file */
  | 'checkpoint-changed'
  /** A package was begun by another version of the page, which writes other bytes. */
  | 'making-outdated'
  /** A package that is not finished cannot be opened. detail: name */
  | 'package-unfinished'
  /** The server sends whole files only. detail: url, file */
  | 'no-ranges'
  /** Not JSON. detail: file, reason, and line and column if the browser reports them */
  | 'json-syntax'
  /** Not UTF-8. detail: file */
  | 'encoding'
  /** detail: file, bytes, limit */
  | 'too-large'
  /** Neither JSON nor SentencePiece. detail: file */
  | 'unknown-file'
  /** JSON, but neither a tokenizer nor a pack. detail: file, reason */
  | 'not-a-tokenizer'
  /** A tokenizer that may be valid, with a feature that is not supported. detail: file, part (of the file), feature, reason */
  | 'unsupported-tokenizer'
  /**
   * A file, or a folder, of another kind than the one that was meant. detail: file, kind and wanted (core/files/kinds.ts), and
   * reason: the words of a server that refused, or the command to run
   */
  | 'other-file'
  /** detail: file, reason */
  | 'sentencepiece'
  /** An invalid pack. detail: file, reason */
  | 'pack'
  /** A pack for another base tokenizer. detail: file, expected, found (first digits of SHA-256) */
  | 'pack-base'
  /** A pack was given, but its base tokenizer is not loaded. */
  | 'no-base'
  /** A file holds no exam questions that can be asked. detail: file, and the fields of ExamProblem (core/exam/exam-file.ts) */
  | 'exam-file'
  /** A text is neither UTF-8 nor UTF-16 nor CP949. detail: file */
  | 'unknown-encoding'
  /** A pairs file has no pairs. detail: file */
  | 'no-pairs'
  /** No delimiter cuts a pairs file into columns. detail: file */
  | 'pair-without-tab'
  /** No column of a pairs file holds Hangul. detail: file */
  | 'pair-no-korean'
  /** No column of a pairs file beside the Korean one holds English. detail: file */
  | 'pair-no-english'
  /** No row of a pairs file has both sentences. detail: file */
  | 'pair-half-empty'
  /** The text is too long for live comparison. detail: file, length, limit */
  | 'text-too-long'
  /** The training text has no sentences. */
  | 'no-text'
  /** The training text has no Hangul. detail: sentences */
  | 'no-hangul'
  /** The training text has too few distinct sentences. detail: sentences, least */
  | 'too-little'
  /** No pair of adjacent tokens is frequent enough to merge. detail: frequency */
  | 'no-pair';

/** Thrown by domain code, and by a worker client whose job failed. Workers send its fields as a `Failure`. */
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
