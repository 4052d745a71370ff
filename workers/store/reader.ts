/** Reads the files of a model package as Blobs, so that nothing is copied into memory. */
import type { StoreNotice } from '#core/protocol/engine.ts';
import { FailureError } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import { refuseOther } from '#core/files/other-file.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { MAX_CONFIG_BYTES } from '#core/gemma3/config.ts';
import { MANIFEST, MAX_MANIFEST_BYTES } from '#core/protocol/manifest.ts';

/** Paths are relative to the package, with "/": `config.json`, `onnx/decoder_model_merged_q4.onnx`. */
export interface PackageReader {
  /** Folder name or address, for messages. */
  readonly name: string;
  has(path: string, options?: ReadOptions): Promise<boolean>;
  /** Paths of all files, sorted; undefined for a URL without a manifest: its files are unknown. */
  list(): readonly string[] | undefined;
  /**
   * The file as a Blob on disk, or in memory if a `notice` reported that.
   * @throws FailureError file-missing, file-broken, network, hash-mismatch, out-of-memory; the signal's reason when aborted.
   */
  blob(path: string, options?: ReadOptions): Promise<Blob>;
  /** Path of a file or folder ("onnx/") on disk; undefined where the files are not in a folder of the operating system. */
  path?(path: string): string;
  /** The first bytes of a file at hand, at least `KIND_BYTES` where it has them; undefined where files are downloaded. */
  readonly head?: ((path: string) => Promise<Uint8Array>) | undefined;
}

export interface ReadOptions {
  /** Stops at once; data that was downloaded and checked is kept for the next visit. */
  signal?: AbortSignal;
  /** Called for every piece that arrives. `doneBytes` includes bytes that were stored earlier. */
  progress?: (file: string, doneBytes: number, totalBytes: number | undefined) => void;
  /** Size of the largest accepted file in bytes. */
  limit?: number;
}

/** A tokenizer.json has tens of megabytes. */
const MAX_TOKENIZER_BYTES = 200_000_000;
/** Of other texts. A tokenizer_config.json with all of Gemma's added tokens has 1.2 MB. */
const MAX_TEXT_BYTES = 16_000_000;
const MAX_BYTES: Readonly<Record<string, number>> = {
  'config.json': MAX_CONFIG_BYTES,
  'tokenizer.json': MAX_TOKENIZER_BYTES,
  [MANIFEST]: MAX_MANIFEST_BYTES,
};

export interface StoreOptions extends ReadOptions {
  /** False: what earlier visits stored is used, and nothing is written. Default: what is downloaded is kept. */
  keep?: boolean;
  notice?: (notice: StoreNotice) => void;
  /** Called before the server is asked, if an earlier visit stored the package's manifest. */
  onKept?: () => void;
}

/** @throws FailureError too-large for a file above the limit, file-gone; else as `blob` */
export async function readText(reader: PackageReader, path: string, options?: ReadOptions): Promise<string> {
  return decoder.decode(await readBytes(reader, path, options));
}

/** @throws FailureError file-broken when it is not JSON, other-file when it is known what it is, file-gone; else as `blob`. */
export async function readJson(reader: PackageReader, path: string, options?: ReadOptions): Promise<unknown> {
  return parseJson(new Uint8Array(await readBytes(reader, path, options)), path);
}

/** As Blob.text() decodes. */
const decoder = new TextDecoder();

async function readBytes(reader: PackageReader, path: string, options?: ReadOptions): Promise<ArrayBuffer> {
  const { limit = MAX_BYTES[path] ?? MAX_TEXT_BYTES } = options ?? {};
  const blob = await reader
    .blob(path, { ...options, limit })
    .catch((error: unknown) => refuseTooLarge(reader, path, error));
  if (blob.size > limit)
    return refuseTooLarge(reader, path, new FailureError('too-large', { file: path, bytes: blob.size, limit }));
  try {
    return await blob.arrayBuffer();
  } catch (cause) {
    throw fileGone(path, cause);
  }
}

/** Weights under the name of a small file are named for what they are, rather than for their size. @throws FailureError other-file, else `error` */
async function refuseTooLarge(reader: PackageReader, path: string, error: unknown): Promise<never> {
  const isTooLarge = error instanceof FailureError && error.code === 'too-large';
  if (isTooLarge && path.endsWith('.json') && reader.head) refuseOther(await reader.head(path), path, 'json');
  throw error;
}
