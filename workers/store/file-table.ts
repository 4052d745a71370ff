/** What `manifest.json` says about the files of its package. */
import type { ManifestFile } from '#core/protocol/manifest.ts';
import { FailureError } from '#core/failure.ts';

export const MANIFEST = 'manifest.json';

export interface FileTable {
  /** Bytes of one hashed chunk; the last of a file is shorter. */
  chunkSize: number;
  files: ReadonlyMap<string, ManifestFile>;
}

/** @throws FailureError file-broken that names the entry. */
export function readFileTable(json: string): FileTable {
  const broken = (reason: string) => new FailureError('file-broken', { file: MANIFEST, reason });
  let manifest: unknown;
  try {
    manifest = JSON.parse(json);
  } catch {
    throw broken('not JSON');
  }
  if (!isRecord(manifest) || !isRecord(manifest['files'])) throw broken('files');
  const { chunkSize } = manifest;
  if (!isCount(chunkSize) || chunkSize === 0) throw broken('chunkSize');
  const files = new Map<string, ManifestFile>();
  for (const [path, entry] of Object.entries(manifest['files'])) {
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) throw broken(`files["${path}"]`);
    if (!isRecord(entry)) throw broken(`files["${path}"]`);
    const { size, sha256, chunks } = entry;
    if (!isCount(size)) throw broken(`files["${path}"].size`);
    if (!isHash(sha256)) throw broken(`files["${path}"].sha256`);
    if (!Array.isArray(chunks) || chunks.length !== Math.ceil(size / chunkSize) || !chunks.every(isHash))
      throw broken(`files["${path}"].chunks`);
    files.set(path, { size, sha256, chunks });
  }
  return { chunkSize, files };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
