/** What is open now, as a run records it. */
import { fetchFile } from '#core/fetch/fetch-file.ts';
import { FailureError } from '#core/failure.ts';
import type { ExamSetting } from '#core/exam/run.ts';
import { Sha256 } from '#core/hash/sha256.ts';
import { MANIFEST, MAX_MANIFEST_BYTES } from '#core/protocol/manifest.ts';
import type { ModelInfo, PackageSource } from '#core/protocol/engine.ts';
import { network } from '../../platform/network.ts';

/** @param adapters as they are to be used */
export function settingOf(
  model: ModelInfo,
  manifestSha256: string | undefined,
  adapters: ExamSetting['adapters'],
): ExamSetting {
  const { name, dtype, vocabularySize, parameters, randomWeights, contextLength, runtime } = model;
  const { vendor = '', architecture = '', description = '' } = runtime.adapter ?? {};
  return {
    ...{ name, manifestSha256, decoder: dtype.decoder, vocabularySize, parameters, randomWeights, contextLength },
    provider: runtime.provider,
    device: runtime.provider === 'webgpu' ? [vendor, architecture, description].filter(Boolean).join(' ') : '',
    adapters: adapters.map(({ name, rank, strength }) => ({ name, rank, strength })),
  };
}

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
