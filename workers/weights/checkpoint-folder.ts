/** The files of a checkpoint, read through a PackageReader. */
import type { CheckpointFolder } from '#core/gemma3/checkpoint.ts';
import type { SmallFilesFolder } from '#core/gemma3/package-files.ts';
import { isJsonObject } from '#core/json.ts';
import { FailureError } from '#core/failure.ts';
import { readJson, type PackageReader } from '../store/reader.ts';
import { blobSource } from '../engine/runtime/blob-source.ts';
import { bytesOf } from './memory-folder.ts';
import { sha256 } from '../store/sha256.ts';

export interface BlobCheckpoint extends CheckpointFolder, SmallFilesFolder {
  /** SHA-256 of each file of weights that was opened. */
  hashes(): Promise<Record<string, string>>;
}

export function checkpointFolder(reader: PackageReader): BlobCheckpoint {
  const opened = new Map<string, Blob>();
  return {
    name: reader.name,
    has: (file) => reader.has(file),
    async json(file) {
      const json = await readJson(reader, file);
      if (isJsonObject(json)) return json;
      throw new FailureError('file-broken', { file, reason: 'not a JSON object' });
    },
    bytes: async (file) => bytesOf(await reader.blob(file)),
    async open(file) {
      const blob = await reader.blob(file);
      opened.set(file, blob);
      return blobSource(file, blob);
    },
    async hashes() {
      const hashes: Record<string, string> = {};
      for (const [file, blob] of opened) hashes[file] = await sha256(await bytesOf(blob));
      return hashes;
    },
  };
}
