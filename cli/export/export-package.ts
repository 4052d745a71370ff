/** Turns a checkpoint folder on disk into a model package on disk. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import type { ByteSource } from '#core/bytes.ts';
import { changeCheckpoint } from '#core/export/change-checkpoint.ts';
import type { Checkpoint } from '#core/export/checkpoint.ts';
import type { KoreanOptions as AddedPack } from '#core/export/korean-vocabulary.ts';
import { manifestOf, manifestText } from '#core/export/manifest.ts';
import { planPackage, quantizedWeights, type PlannedPackage, type PlanOptions } from '#core/export/plan.ts';
import { writePackage } from '#core/export/write.ts';
import type { Manifest, Teaches } from '#core/protocol/manifest.ts';
import type { SelfTest } from '#core/self-test/expected.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { readAdapterFolder, type AdapterOptions } from './adapter.ts';
import { openCheckpoint } from './checkpoint.ts';
import { CommandError, systemCode } from '../shared/errors.ts';
import { readPackFile } from '../shared/pack-file.ts';
import type { Progress } from '../shared/progress.ts';
import { PackageFolder } from './package-folder.ts';
import { QuantizePool } from './quantize-pool.ts';

export interface KoreanOptions extends Omit<AddedPack, 'pack' | 'from'> {
  /** Path of the pack. */
  pack: string;
}

export interface ExportOptions extends PlanOptions {
  checkpoint: string;
  out: string;
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
 * @throws CommandError, ExportError, CheckpointError, ConfigError, SafetensorsError on bad input; the signal's reason when aborted
 */
export async function exportPackage(options: ExportOptions, report: ExportReport): Promise<Manifest> {
  const { korean, adapter } = options;
  const checkpoint = await openCheckpoint(options.checkpoint, adapter === undefined ? 'ask' : 'said');
  try {
    const { checkpoint: changed, warnings } = await changeCheckpoint(checkpoint, {
      korean: korean && { ...korean, pack: (await readPackFile(korean.pack)).pack, from: korean.pack },
      adapter: adapter ? await readAdapterFolder(adapter) : undefined,
    });
    for (const warning of warnings) report.warn(warning);
    return await exportCheckpoint(changed, options, report);
  } finally {
    await checkpoint.close();
  }
}

async function exportCheckpoint(
  checkpoint: Checkpoint,
  options: ExportOptions,
  report: ExportReport,
): Promise<Manifest> {
  const plan = await planPackage(checkpoint, options);
  for (const note of checkpoint.notes) report.note(note);
  for (const warning of plan.warnings) report.warn(warning);
  const { externalBytes, otherBytes } = plan;
  const sourceBytes = checkpoint.sources.reduce((sum, { size }) => sum + size, 0);
  const folder = await PackageFolder.create(options.out, externalBytes + otherBytes, report.note);
  const progress = report.progress(externalBytes + sourceBytes);
  const threads = options.threads ?? usualThreads(plan);
  const pool = threads > 1 ? new QuantizePool(threads) : undefined;
  const failed = new AbortController();
  const signal = report.signal ? AbortSignal.any([report.signal, failed.signal]) : failed.signal;
  // The checkpoint is hashed while its weights are quantized.
  const hashing = hashSources(checkpoint.sources, progress, signal);
  hashing.catch((error: unknown) => failed.abort(error));
  try {
    const onWrite = (bytes: number) => {
      signal.throwIfAborted();
      progress.add(bytes);
    };
    await writePackage(plan, folder, onWrite, pool);
    const sources = await hashing;
    const selfTest = await selfTestOf(folder.path, options, plan.small.missing, report);
    const manifest: Manifest = manifestOf(plan, {
      name: options.name ?? basename(resolve(options.checkpoint)),
      created: new Date().toISOString(),
      generator: `${packageJson.name} ${packageJson.version}`,
      teaches: options.teaches,
      source: {
        checkpoint: checkpoint.files.name,
        files: sources,
        randomWeights: options.randomWeights,
        notice: options.notice,
      },
      selfTest,
      files: folder.files,
    });
    report.signal?.throwIfAborted();
    await folder.commit(manifestText(manifest));
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

function usualThreads(plan: PlannedPackage): number {
  return quantizedWeights(plan) < WEIGHTS_FOR_THREADS ? 1 : availableParallelism();
}

/** Bytes of a checkpoint file that are read at a time for its hash. */
const HASH_BYTES = 2 ** 20;

/** Hex SHA-256 of the checkpoint's files by name. */
async function hashSources(
  sources: readonly ByteSource[],
  progress: Progress,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const source of sources) hashes[source.name] = await hashSource(source, progress, signal);
  return hashes;
}

/** Hex SHA-256 of a checkpoint file. */
async function hashSource(source: ByteSource, progress: Progress, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < source.size; offset += HASH_BYTES) {
    signal.throwIfAborted();
    const bytes = await source.read(offset, Math.min(HASH_BYTES, source.size - offset));
    hash.update(bytes);
    progress.add(bytes.byteLength);
  }
  return hash.digest('hex');
}
