/** Opens a model package wherever it comes from. */
import type { PackageSource } from '#core/protocol/engine.ts';
import { openFiles } from './files.ts';
import type { PackageReader, StoreOptions } from './reader.ts';
import { openUrl } from './url.ts';

/** @throws FailureError as `PackageReader.blob`, for the manifest */
export async function openPackage(source: PackageSource, options: StoreOptions = {}): Promise<PackageReader> {
  return source.type === 'files' ? openFiles(source) : openUrl(source.url, options, source.token);
}
