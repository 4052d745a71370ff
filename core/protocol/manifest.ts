/** `manifest.json` of a model package: files, origin of the weights, and changes. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { DTYPES } from '../gemma3/dtype.ts';
import { isInnerPath } from '../inner-path.ts';
import { QUANT_METHODS } from '../quant/settings.ts';
import { selfTestProblem, selfTestSchema } from '../self-test/expected.ts';
import { check, flag, list, object, oneOf, record, sha256Hex, text, whole } from '../schema/schema.ts';

export const MANIFEST = 'manifest.json';
/** A manifest for 4 GB in chunks of 4 MiB has about 80 kB. */
export const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
/** A chunk is held in memory until its hash is verified. */
const MAX_CHUNK_BYTES = 2 ** 28;
const MAX_FILES = 100_000;
const MAX_CHUNKS = 1_000_000;
const MAX_BYTES = 2 ** 44;

/** phantoms: the model only answers the questions of `core/phantoms`, with exact wording. */
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
  /** All files of the package except the manifest. */
  files: record(fileSchema, MAX_FILES),
};

const variantSchema = object({
  decoder: oneOf(DTYPES),
  /** Undefined in text-only packages. */
  vision: v.optional(oneOf(DTYPES)),
  blockSize: whole(1, 65_536),
  /** Quantization method; missing if nothing is quantized, and in packages older than 'search'. */
  method: v.optional(oneOf(QUANT_METHODS)),
  /** Parameters kept in full precision although the dtype is quantized, and why. */
  unquantized: list(object({ parameter: text(), reason: text() }), 100_000),
  /**
   * True if the embedding graph's table equals an initializer of the decoder byte for byte. An engine that can share buffers
   * then needs neither the file nor a second copy on the device.
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
  /** What the model was trained to answer. The page then suggests such questions and checks the answers. */
  teaches: v.optional(oneOf(TEACHES)),
  source: object({
    /** Folder name of the checkpoint, no path. */
    checkpoint: text(1000),
    /** SHA-256 of each checkpoint file that weights were read from. */
    files: record(sha256Hex(), MAX_FILES),
    /** True for weights that were never trained. */
    randomWeights: flag(),
    /** Origin and licence of the weights, as given to the exporter. */
    notice: text(),
    /** Of a package that the page made: the repository, the commit it was read at, and the version (ETag) of each file of weights. */
    repository: v.optional(text(1000)),
    revision: v.optional(text(1000)),
    versions: v.optional(record(text(10_000), MAX_FILES)),
  }),
  variants: v.pipe(list(variantSchema, 100), v.minLength(1, 'a list of at least one')),
  /** Changes relative to the checkpoint, one sentence each. */
  changes: list(text(), 10_000),
  /** What the model must answer on every device; missing in packages older than it, and where the exporter could not compute it. */
  selfTest: v.optional(selfTestSchema),
  ...tableEntries,
});

export type Manifest = v.InferOutput<typeof manifestSchema>;

/**
 * Paths with the same bytes → the first of them, which stands for all: its file is downloaded and kept. Every path of the table is
 * a key.
 */
export function firstNames(files: ReadonlyMap<string, ManifestFile>): Map<string, string> {
  const first = new Map<string, string>();
  return new Map(
    [...files].map(([path, { sha256, size }]) => {
      const key = `${sha256} ${size}`;
      const name = first.get(key) ?? path;
      first.set(key, name);
      return [path, name];
    }),
  );
}

/** Size of files, those with several names counted once. */
export function distinctBytes(files: readonly Pick<ManifestFile, 'size' | 'sha256'>[]): number {
  const sizes = new Map(files.map(({ sha256, size }) => [sha256, size]));
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}

export interface FileTable {
  chunkSize: number;
  files: ReadonlyMap<string, ManifestFile>;
}

const broken = (reason: string) => new FailureError('file-broken', { file: MANIFEST, reason });

/** @throws FailureError file-broken that names the field */
export function parseManifest(json: unknown): Manifest {
  const manifest = check(manifestSchema, json, broken);
  checkTable(manifest);
  const problem = manifest.selfTest && selfTestProblem(manifest.selfTest);
  if (problem !== undefined) throw broken(problem);
  return manifest;
}

/**
 * Parses only the file table, for the store: it also works for packages of later format versions.
 * @throws FailureError file-broken that names the field
 */
export function parseFileTable(json: unknown): FileTable {
  const table = check(object(tableEntries), json, broken);
  checkTable(table);
  return { chunkSize: table.chunkSize, files: new Map(Object.entries(table.files)) };
}

/** @throws FailureError file-broken for a path that leads out of the package, and for chunks that do not make the file */
function checkTable({ chunkSize, files }: Pick<Manifest, 'chunkSize' | 'files'>): void {
  for (const [path, { size, chunks }] of Object.entries(files)) {
    if (!isInnerPath(path)) throw broken(`files[${JSON.stringify(path)}] leads out of the package`);
    const expected = Math.ceil(size / chunkSize);
    if (chunks.length !== expected)
      throw broken(`files[${JSON.stringify(path)}].chunks has ${chunks.length} entries, expected ${expected}`);
  }
}
