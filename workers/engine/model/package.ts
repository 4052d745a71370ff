/** Reads what a model package says about itself: configuration, variants, graphs. */
import { ConfigError, parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { parseEndTokens } from '#core/gemma3/generation-config.ts';
import { checkGraph, type GraphPart } from '#core/onnx/check-graph.ts';
import { externalFiles, OnnxError, readModel } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { FailureError } from '#core/failure.ts';
import { kindAmong, otherKind, otherKindFailure } from '#core/files/folder-kind.ts';
import { refuseOther } from '#core/files/other-file.ts';
import { type Manifest, type ManifestVariant, parseManifest } from '#core/protocol/manifest.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { unknownIds } from '#core/self-test/expected.ts';
import { readWithRetry } from '../runtime/retrying-blob.ts';
import { readJson, type PackageReader } from '../../store/reader.ts';

export interface ModelPackage extends PackageVariant {
  reader: PackageReader;
  config: Gemma3Config;
  /** Undefined for packages of other exporters. */
  manifest: Manifest | undefined;
  /** Ids that end an answer. */
  endTokens: ReadonlySet<number>;
  /** The variants that the package has; the first is the one that `decoder` and the others name. */
  variants: readonly PackageVariant[];
}

/** The graphs of one precision. */
export interface PackageVariant {
  decoder: GraphSource;
  /** Undefined where the decoder takes ids. */
  embedding: GraphSource | undefined;
  /** Undefined in text-only packages. */
  vision: GraphSource | undefined;
  tiedEmbedding: boolean;
}

export interface GraphSource {
  path: string;
  dtype: string;
  /** Freshly parsed at every call: patches change it. */
  read(): Promise<ModelProto>;
  /** Reads and parses what the next `read` gives. Never rejects: `read` then does. */
  readAhead(): Promise<void>;
}

/** Returns `model` at the first call and reads the graph again at every later call. */
export function rereading(graph: GraphSource, model: ModelProto): () => Promise<ModelProto> {
  let first: ModelProto | undefined = model;
  return () => {
    const now = first;
    first = undefined;
    return now ? Promise.resolve(now) : graph.read();
  };
}

/** File name suffixes of transformers.js, cheapest first; 2 bits come last, since they are there to show what is lost. */
export const suffixes: Readonly<Record<string, string>> = {
  q4: '_q4',
  q4f16: '_q4f16',
  q8: '_quantized',
  fp16: '_fp16',
  fp32: '',
  q2: '_q2',
};

/** The size limit of protobuf. */
const MAX_GRAPH_BYTES = 2 ** 31;

/** @throws FailureError `file-missing`, `file-broken`, `unsupported-package`, `other-file` */
export async function readPackage(reader: PackageReader): Promise<ModelPackage> {
  try {
    return await read(reader);
  } catch (cause) {
    // A checkpoint, GGUF or adapter that was opened as a package lacks files: its own name helps more than theirs.
    const isMissing = cause instanceof FailureError && cause.code === 'file-missing';
    const paths = (isMissing ? reader.list() : undefined) ?? [];
    const kind = otherKind('package', paths) ?? (reader.head && (await kindAmong('package', paths, reader.head)));
    throw kind ? otherKindFailure('package', kind) : cause;
  }
}

async function read(reader: PackageReader): Promise<ModelPackage> {
  const json: unknown = await readJson(reader, 'config.json');
  let config: Gemma3Config;
  try {
    config = parseConfig(json);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new FailureError('unsupported-package', { file: 'config.json', reason: cause.message }, { cause });
  }
  const manifest = (await reader.has('manifest.json'))
    ? parseManifest(await readJson(reader, 'manifest.json'))
    : undefined;
  const problem = manifest?.selfTest && unknownIds(manifest.selfTest, config.text.vocabularySize);
  if (problem !== undefined) throw new FailureError('file-broken', { file: 'manifest.json', reason: problem });
  const first = await readVariant(reader, config, manifest?.variants[0]);
  const others = await Promise.all(
    (manifest?.variants.slice(1) ?? []).map((variant) => readVariant(reader, config, variant)),
  );
  return {
    ...{ reader, config, manifest, endTokens: await endTokens(reader, json, config) },
    ...first,
    variants: [first, ...others],
  };
}

async function readVariant(
  reader: PackageReader,
  config: Gemma3Config,
  variant: ManifestVariant | undefined,
): Promise<PackageVariant> {
  const isText = config.architecture === 'Gemma3ForCausalLM';
  return {
    decoder: await find(reader, config, 'decoder', isText ? 'model' : 'decoder_model_merged', variant?.decoder),
    embedding: isText ? undefined : await find(reader, config, 'embedding', 'embed_tokens', variant?.decoder),
    vision: config.vision ? await find(reader, config, 'vision', 'vision_encoder', variant?.vision) : undefined,
    tiedEmbedding: variant?.tiedEmbedding ?? false,
  };
}

async function find(
  reader: PackageReader,
  config: Gemma3Config,
  part: GraphPart,
  name: string,
  dtype: Dtype | undefined,
): Promise<GraphSource> {
  const candidates = dtype === undefined ? Object.keys(suffixes) : [dtype];
  for (const candidate of candidates) {
    const path = `onnx/${name}${suffixes[candidate] ?? ''}.onnx`;
    if (await reader.has(path)) return graphSource(path, candidate, () => readGraph(reader, config, part, path));
  }
  throw new FailureError('file-missing', { file: `onnx/${name}${suffixes[dtype ?? 'q4'] ?? ''}.onnx` });
}

function graphSource(path: string, dtype: string, parse: () => Promise<ModelProto>): GraphSource {
  let ahead: Promise<ModelProto> | undefined;
  return {
    path,
    dtype,
    read: () => {
      const parsed = ahead;
      ahead = undefined;
      return parsed ?? parse();
    },
    readAhead: () => {
      ahead ??= parse();
      return ahead.then(
        () => undefined,
        () => undefined,
      );
    },
  };
}

async function readGraph(
  reader: PackageReader,
  config: Gemma3Config,
  part: GraphPart,
  path: string,
): Promise<ModelProto> {
  const blob = await reader.blob(path);
  if (blob.size > MAX_GRAPH_BYTES)
    throw new FailureError('too-large', { file: path, bytes: blob.size, limit: MAX_GRAPH_BYTES });
  const bytes = new Uint8Array(await readWithRetry(blob));
  try {
    const model = readModel(bytes);
    // Rejects external files outside the package before any of them is read.
    externalFiles(model);
    checkGraph(model, part, config);
    return model;
  } catch (cause) {
    if (!(cause instanceof OnnxError)) throw cause;
    refuseOther(bytes, path, 'package');
    throw new FailureError('file-broken', { file: path, reason: cause.message }, { cause });
  }
}

/** eos_token_id of generation_config.json, else of config.json: a number or a list. */
async function endTokens(reader: PackageReader, json: unknown, { text }: Gemma3Config): Promise<Set<number>> {
  const path = 'generation_config.json';
  const generation = (await reader.has(path))
    ? parseEndTokens(await readJson(reader, path), path, text.vocabularySize)
    : [];
  const ids = generation.length > 0 ? generation : parseEndTokens(json, 'config.json', text.vocabularySize);
  // Gemma 3: <eos> and <end_of_turn>.
  return new Set(ids.length > 0 ? ids : [1, 106]);
}
