import { fetchFile } from '#core/fetch/fetch-file.ts';
import { FailureError } from '#core/failure.ts';
import { Sha256 } from '#core/hash/sha256.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import { MANIFEST, MAX_MANIFEST_BYTES } from '#core/protocol/manifest.ts';
import { network } from '../platform/network.ts';

/**
 * Of the manifest of a package, which names its weights by their hashes. Undefined for a package without one, and where it cannot be
 * fetched now: then runs are told apart by name and shape only.
 */
export async function manifestHash(source: PackageSource): Promise<string | undefined> {
  try {
    if (source.type === 'files') {
      const blob = source.files.find(({ path }) => path === MANIFEST)?.blob;
      return blob && (await hashOf(blob));
    }
    const request = { url: source.url + MANIFEST, file: MANIFEST, limit: MAX_MANIFEST_BYTES };
    return await hashOf(await fetchFile(network, request));
  } catch (error) {
    if (error instanceof FailureError) return undefined;
    throw error;
  }
}

async function hashOf(file: Pick<Blob, 'arrayBuffer'>): Promise<string> {
  return new Sha256().update(new Uint8Array(await file.arrayBuffer())).hex();
}
