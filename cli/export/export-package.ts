/** Turns a checkpoint folder into a model package. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { changesOf } from '#core/gemma3/changes.ts';
import { countParameters } from '#core/gemma3/parameters.ts';
import { smallFiles } from '#core/gemma3/package-files.ts';
import {
  packageGraphs,
  sharesEmbedding,
  TEXT_DTYPES,
  type GraphOptions,
  type PackageGraph,
} from '#core/gemma3/package-graphs.ts';
import { HalfOverflowError, type RowQuantizer } from '#core/gemma3/store-weight.ts';
import { linkedFiles, type LinkedFiles } from '#core/gemma3/linked-files.ts';
import { planGraph, writeGraph, writtenBytes, type PlannedGraph } from '#core/gemma3/write-graph.ts';
import { TensorTooLargeError } from '#core/onnx/external.ts';
import type { Manifest, Teaches } from '#core/protocol/manifest.ts';
import type { SelfTest } from '#core/self-test/expected.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { addAdapter, type AdapterOptions } from './adapter.ts';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { CommandError, systemCode } from '../shared/errors.ts';
import type { FileSource } from '../shared/file-source.ts';
import { CHUNK_BYTES } from '../shared/hashed-file.ts';
import type { Progress } from '../shared/progress.ts';
import { addKoreanVocabulary, type KoreanOptions } from './korean-vocabulary.ts';
import { PackageFolder } from './package-folder.ts';
import { QuantizePool } from './quantize-pool.ts';
import { checkTokenizerFits } from './tokenizer-size.ts';

export interface ExportOptions extends Omit<GraphOptions, 'positions'> {
  checkpoint: string;
  out: string;
  /** Longest context of the package in tokens; limited to `max_position_embeddings` of the model. */
  context: number;
  name: string | undefined;
  randomWeights: boolean;
  /** What the model was trained to teach. */
  teaches?: Teaches | undefined;
  /** Origin and terms of the weights. */
  notice: string;
  /** Adds a Korean vocabulary. */
  korean?: KoreanOptions | undefined;
  /** Threads that quantize; 1: the one that reads and writes. Default: one per core where there is much to quantize. */
  threads?: number | undefined;
  /** Adds an adapter to the weights; false: one that lies in the checkpoint's folder is left alone. */
  adapter?: AdapterOptions | false | undefined;
  /** Computes what the manifest says that the model must answer, from the finished files. Undefined: the manifest does not say it. */
  selfTest?: ((folder: string, signal: AbortSignal | undefined) => Promise<SelfTest>) | undefined;
}

const MAX_LISTED_KEYS = 8;

/** Where the export reports while it runs. */
export interface ExportReport {
  note: (text: string) => void;
  /** The package is complete but may not be what was wanted. */
  warn: (text: string) => void;
  progress(totalBytes: number): Progress;
  signal?: AbortSignal;
}

/**
 * Writes a package into `options.out`, or throws and leaves nothing there.
 * @throws CommandError, CheckpointError, ConfigError, SafetensorsError on bad input; the signal's reason when aborted
 */
export async function exportPackage(options: ExportOptions, report: ExportReport): Promise<Manifest> {
  const { korean, adapter } = options;
  const checkpoint = await openCheckpoint(options.checkpoint, adapter === undefined ? 'ask' : 'said');
  try {
    await checkTokenizerFits(checkpoint);
    const grown = korean ? await addKoreanVocabulary(checkpoint, korean) : checkpoint;
    if (!adapter) return await exportCheckpoint(grown, options, report);
    const { checkpoint: adapted, warnings } = await addAdapter(grown, adapter);
    await checkTokenizerFits(adapted);
    for (const warning of warnings) report.warn(warning);
    return await exportCheckpoint(adapted, options, report);
  } finally {
    await checkpoint.close();
  }
}

async function exportCheckpoint(
  checkpoint: Checkpoint,
  options: ExportOptions,
  report: ExportReport,
): Promise<Manifest> {
  for (const note of checkpoint.notes) report.note(note);
  if (checkpoint.unusedKeys.length > 0) {
    report.warn(`tensors that no graph uses are left out: ${listed(checkpoint.unusedKeys)}`);
  }
  const positions = Math.min(options.context, checkpoint.config.text.maxPositions);
  const graphs = packageGraphs(checkpoint.config, { ...options, positions }).map(plan);
  const small = await smallFiles(checkpoint, checkpoint.files, {
    // Of several variants the first.
    dtype: Object.fromEntries(graphs.toReversed().map(({ graph }) => [graph.name, graph.dtype])),
    externalData: Object.fromEntries(graphs.map(({ modelFile, external }) => [modelFile, external.length])),
    positions,
  });
  if (small.missing.length > 0) {
    report.warn(
      `${checkpoint.files.folder} has no ${small.missing.join(' and no ')}: the package has no complete tokenizer, add one before use`,
    );
  }

  const links = linkedFiles(graphs);
  const externalBytes = writtenBytes(graphs, links);
  const otherBytes = sum([
    ...graphs.map(({ proto }) => proto.byteLength),
    ...[...small.files.values()].map((content) => Buffer.byteLength(content)),
  ]);
  const sourceBytes = sum(checkpoint.sources.map(({ size }) => size));
  const folder = await PackageFolder.create(options.out, externalBytes + otherBytes, report.note);
  const progress = report.progress(externalBytes + sourceBytes);
  const threads = options.threads ?? usualThreads(graphs);
  const pool = threads > 1 ? new QuantizePool(threads) : undefined;
  const failed = new AbortController();
  const signal = report.signal ? AbortSignal.any([report.signal, failed.signal]) : failed.signal;
  // The checkpoint is hashed while its weights are quantized.
  const hashing = hashSources(checkpoint.sources, progress, signal);
  hashing.catch((error: unknown) => failed.abort(error));
  try {
    for (const graph of graphs) await write(graph, checkpoint, folder, links, progress, signal, pool);
    for (const [path, content] of small.files) await folder.writeFile(path, content);
    const sources = await hashing;
    const selfTest = await selfTestOf(folder.path, options, small.missing, report);

    const manifest: Manifest = {
      format: 'medgemma-ko-lab/1',
      name: options.name ?? basename(resolve(options.checkpoint)),
      created: new Date().toISOString(),
      generator: `${packageJson.name} ${packageJson.version}`,
      architecture: checkpoint.config.architecture,
      parameters: countParameters(checkpoint.config),
      ...(options.teaches === undefined ? {} : { teaches: options.teaches }),
      source: {
        checkpoint: checkpoint.files.name,
        files: sources,
        randomWeights: options.randomWeights,
        notice: options.notice,
      },
      variants: TEXT_DTYPES[options.dtype].map((decoder) => ({
        decoder,
        vision: checkpoint.config.vision ? options.visionDtype : undefined,
        blockSize: options.blockSize,
        ...(isQuantized(graphs) ? { method: options.method ?? 'round' } : {}),
        unquantized: unquantized(graphs.map(({ graph }) => graph)),
        tiedEmbedding: sharesEmbedding(graphs.flatMap(({ graph }) => (graph.dtype === decoder ? [graph] : []))),
      })),
      changes: [
        ...checkpoint.notes,
        ...(checkpoint.changes ?? []),
        ...changesOf(
          checkpoint.config,
          graphs.map(({ graph }) => graph),
          positions,
        ),
        ...(links.size > 0
          ? [
              'Data files with the same SHA-256 are one file under several names, since each graph reads files named after it.',
            ]
          : []),
        ...(options.dtype === 'q4f16'
          ? [
              'The q4f16 decoder reads the weights of the q4 decoder. Attention, its projections and those that enter the MLP run in float16; the norms of the hidden state, the MLP from its activation on and the output head in float32.',
            ]
          : []),
      ],
      ...(selfTest && { selfTest }),
      files: folder.files,
      chunkSize: CHUNK_BYTES,
    };
    report.signal?.throwIfAborted();
    await folder.commit(`${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } catch (error) {
    failed.abort(error);
    // The files of the checkpoint stay open until nobody reads them.
    await Promise.allSettled([hashing]);
    await folder.discard();
    if (systemCode(error) === 'ENOSPC') {
      throw new CommandError(
        `no space left while writing ${options.out}: the package takes ${externalBytes + otherBytes} bytes; nothing was kept`,
        { cause: error },
      );
    }
    throw error;
  } finally {
    await pool?.close();
    progress.stop();
  }
}

/** A package without a self-test is complete: the page says that it has none. */
async function selfTestOf(
  folder: string,
  { selfTest }: ExportOptions,
  missing: readonly string[],
  report: ExportReport,
): Promise<SelfTest | undefined> {
  if (!selfTest || missing.length > 0) return undefined;
  try {
    return await selfTest(folder, report.signal);
  } catch (error) {
    report.signal?.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    report.warn(
      `the package gets no self-test, so the page cannot tell whether a device computes it right: ${message}`,
    );
    return undefined;
  }
}

/** Fewer weights are quantized before threads have started. */
const WEIGHTS_FOR_THREADS = 20e6;

function usualThreads(graphs: readonly PlannedGraph[]): number {
  const blocks = graphs.flatMap(({ graph }) => graph.weights.filter((weight) => weight.store === 'blocks'));
  return sum(blocks.map(({ rows, columns }) => rows * columns)) < WEIGHTS_FOR_THREADS ? 1 : availableParallelism();
}

function plan(graph: PackageGraph): PlannedGraph {
  try {
    return planGraph(graph);
  } catch (error) {
    if (!(error instanceof TensorTooLargeError)) throw error;
    throw new CommandError(`${error.modelFile}: ${error.message}; export with a smaller --dtype`, { cause: error });
  }
}

async function write(
  graph: PlannedGraph,
  checkpoint: Checkpoint,
  folder: PackageFolder,
  links: LinkedFiles,
  progress: Progress,
  signal: AbortSignal,
  quantizer: RowQuantizer | undefined,
): Promise<void> {
  await folder.writeFile(`onnx/${graph.modelFile}`, graph.proto);
  try {
    const onWrite = (bytes: number) => {
      signal.throwIfAborted();
      progress.add(bytes);
    };
    await writeGraph(graph, checkpoint.tensors, folder, links, onWrite, quantizer);
  } catch (error) {
    if (!(error instanceof HalfOverflowError)) throw error;
    throw new CommandError(`${error.message}; export with --dtype fp32, q8 or q4`, { cause: error });
  }
}

/** Bytes of a checkpoint file that are read at a time for its hash. */
const HASH_BYTES = 2 ** 20;

/** Hex SHA-256 of the checkpoint's files by name. */
async function hashSources(
  sources: readonly FileSource[],
  progress: Progress,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const source of sources) hashes[source.name] = await hashSource(source, progress, signal);
  return hashes;
}

/** Hex SHA-256 of a checkpoint file. */
async function hashSource(source: FileSource, progress: Progress, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < source.size; offset += HASH_BYTES) {
    signal.throwIfAborted();
    const bytes = await source.read(offset, Math.min(HASH_BYTES, source.size - offset));
    hash.update(bytes);
    progress.add(bytes.byteLength);
  }
  return hash.digest('hex');
}

function isQuantized(graphs: readonly PlannedGraph[]): boolean {
  return graphs.some(({ graph }) => graph.weights.some(({ store }) => store === 'blocks'));
}

/** A text-only export of a multimodal checkpoint leaves hundreds out: their number, and the first. */
function listed(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_LISTED_KEYS).join(', ');
  return keys.length > MAX_LISTED_KEYS ? `${shown} and ${keys.length - MAX_LISTED_KEYS} more` : shown;
}

/** Lists each parameter once: decoder and embedding graph may share one. */
function unquantized(graphs: readonly PackageGraph[]): { parameter: string; reason: string }[] {
  const reasons = new Map(
    graphs.flatMap((graph) => graph.unquantized.map(({ parameter, reason }) => [parameter, reason])),
  );
  return [...reasons].map(([parameter, reason]) => ({ parameter, reason }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
