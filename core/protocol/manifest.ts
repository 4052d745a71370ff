/** `manifest.json` of a model package: what the files are, where the weights came from, what was changed. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { DTYPES } from '../gemma3/dtype.ts';
import { isInnerPath } from '../inner-path.ts';
import { QUANT_METHODS } from '../quant/settings.ts';
import { check, flag, list, object, oneOf, record, sha256Hex, text, whole } from '../schema/schema.ts';

export const MANIFEST = 'manifest.json';
/** A manifest names files and chunks: 4 GB in chunks of 4 MiB are 80 kB of it. */
export const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
/** A chunk is held in memory until its hash is known. */
const MAX_CHUNK_BYTES = 2 ** 28;
const MAX_FILES = 100_000;
const MAX_CHUNKS = 1_000_000;
const MAX_BYTES = 2 ** 44;

/** phantoms: answers the questions of `core/phantoms`, word for word, and knows nothing else. */
export const TEACHES = ['phantoms'] as const;
export type Teaches = (typeof TEACHES)[number];

const fileSchema = object({
  size: whole(0, MAX_BYTES),
  /** Hex SHA-256 of the file. */
  sha256: sha256Hex(),
  /** Hex SHA-256 of each chunk. */
  chunks: list(sha256Hex(), MAX_CHUNKS),
});

export type ManifestFile = v.InferOutput<typeof fileSchema>;

const tableEntries = {
  /** Length of one hashed chunk in bytes; the last chunk of a file is shorter. */
  chunkSize: whole(1, MAX_CHUNK_BYTES),
  /** Every file of the package but this one. */
  files: record(fileSchema, MAX_FILES),
};

const variantSchema = object({
  decoder: oneOf(DTYPES),
  /** Undefined in text-only packages. */
  vision: v.optional(oneOf(DTYPES)),
  blockSize: whole(1, 65_536),
  /** How the scales of quantized weights were chosen; missing where nothing is quantized, and in packages before 'search'. */
  method: v.optional(oneOf(QUANT_METHODS)),
  /** Parameters kept in full precision although the dtype is quantized, and why. */
  unquantized: list(object({ parameter: text(), reason: text() }), 100_000),
  /**
   * The embedding graph's table is, byte for byte, an initializer of the decoder: an engine that can share needs
   * neither the file nor a second copy on the device.
   */
  tiedEmbedding: flag(),
});

export type ManifestVariant = v.InferOutput<typeof variantSchema>;

const manifestSchema = object({
  format: oneOf(['medgemma-ko-lab/1']),
  name: text(1000),
  /** ISO 8601. */
  created: text(100),
  generator: text(1000),
  architecture: oneOf(['Gemma3ForConditionalGeneration', 'Gemma3ForCausalLM']),
  parameters: whole(0),
  /** What the model was made to teach: the page then offers what it can answer, and says whether answers are right. */
  teaches: v.optional(oneOf(TEACHES)),
  source: object({
    /** Folder name of the checkpoint, no path. */
    checkpoint: text(1000),
    /** SHA-256 of each checkpoint file that weights were read from. */
    files: record(sha256Hex(), MAX_FILES),
    /** True for weights that were never trained. */
    randomWeights: flag(),
    /** Where the weights came from and under what terms, in the exporter's caller's words. */
    notice: text(),
  }),
  variants: v.pipe(list(variantSchema, 100), v.minLength(1, 'a list of at least one')),
  /** What the export changed against the checkpoint, one entry each, for a reader. */
  changes: list(text(), 10_000),
  ...tableEntries,
});

export type Manifest = v.InferOutput<typeof manifestSchema>;

export interface FileTable {
  chunkSize: number;
  files: ReadonlyMap<string, ManifestFile>;
}

const broken = (reason: string) => new FailureError('file-broken', { file: MANIFEST, reason });

/** @throws FailureError file-broken that names the field */
export function parseManifest(json: unknown): Manifest {
  return check(manifestSchema, json, broken);
}

/**
 * The files alone, as the store needs them: a package of a later format is hashed like any other.
 * @throws FailureError file-broken that names the field
 */
export function parseFileTable(json: unknown): FileTable {
  const { chunkSize, files } = check(object(tableEntries), json, broken);
  for (const [path, { size, chunks }] of Object.entries(files)) {
    if (!isInnerPath(path)) throw broken(`files[${JSON.stringify(path)}] leads out of the package`);
    const expected = Math.ceil(size / chunkSize);
    if (chunks.length !== expected)
      throw broken(`files[${JSON.stringify(path)}].chunks has ${chunks.length} entries, expected ${expected}`);
  }
  return { chunkSize, files: new Map(Object.entries(files)) };
}
