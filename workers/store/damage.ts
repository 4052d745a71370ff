/** Whether bytes that were right once went bad on the disk or the stick: not every opening hashes gigabytes, but one that fails does. */
import { FailureError, type FailureCode } from '#core/failure.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import { MANIFEST } from '#core/protocol/manifest.ts';
import { failureOf } from '../jobs/failure-of.ts';
import { openFiles } from './files.ts';
import { verifyPackage } from './library/verify.ts';
import { readText } from './reader.ts';
import { packageId } from './records.ts';
import { sha256 } from './sha256.ts';
import { StoredManifest } from './stored-manifest.ts';

/** Failures that a wrong byte can look like. */
const suspicious: ReadonlySet<FailureCode> = new Set([
  'file-broken',
  'json-syntax',
  'encoding',
  'runtime',
  'self-test',
]);

/**
 * What `work` returns. Where it fails and a file of the package is not what its manifest says, that is the failure; damaged pieces of
 * a downloaded package are dropped, so that the next opening fetches them.
 * @throws FailureError hash-mismatch; what `work` throws
 */
export async function namingDamage<Value>(
  source: PackageSource,
  signal: AbortSignal,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted || !suspicious.has(failureOf(error).code)) throw error;
    // A package that cannot be verified, such as one without a manifest, failed as it did.
    const file = await damagedFile(source, signal).catch(() => undefined);
    signal.throwIfAborted();
    if (file === undefined) throw error;
    throw new FailureError('hash-mismatch', { file }, { cause: error });
  }
}

async function damagedFile(source: PackageSource, signal: AbortSignal): Promise<string | undefined> {
  if (source.type === 'files') return damagedOf(source, signal);
  const { damaged } = await verifyPackage(await packageId(source.url), { signal, progress: () => undefined });
  return damaged[0]?.path;
}

async function damagedOf(
  source: Extract<PackageSource, { type: 'files' }>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const reader = await openFiles(source);
  const manifest = new StoredManifest(await readText(reader, MANIFEST));
  for (const { path, content } of await manifest.distinct()) {
    if (!(await reader.has(path))) continue;
    const blob = await reader.blob(path);
    for (const [at, hash] of content.hashes.entries()) {
      signal.throwIfAborted();
      const piece = blob.slice(at * content.chunkSize, (at + 1) * content.chunkSize);
      if ((await sha256(new Uint8Array(await piece.arrayBuffer()))) !== hash) return path;
    }
  }
  return undefined;
}
