/** Reads whole files. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isLfsPointer, LFS_POINTER, MAX_LFS_POINTER_BYTES } from '#core/lfs-pointer.ts';
import { otherFormatOf } from '#core/model-files/magic.ts';
import { printable } from '#core/printable.ts';
import { CommandError, onFile } from './errors.ts';

export interface FileContent {
  bytes: Buffer<ArrayBuffer>;
  /** Hex. */
  sha256: string;
}

/** @throws a system error with the path */
export async function readWholeFile(path: string): Promise<FileContent> {
  const bytes = await onFile(path, readFile(path));
  return { bytes, sha256: sha256Of(bytes) };
}

/** Hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws CommandError when the bytes are not JSON in UTF-8; it names the format where it is another one */
export function parseJson(path: string, bytes: Uint8Array): unknown {
  const start = new TextDecoder().decode(bytes.subarray(0, MAX_LFS_POINTER_BYTES));
  if (isLfsPointer(start)) throw new CommandError(`${path}: ${LFS_POINTER}`);
  const other = otherFormatOf(bytes);
  if (other !== undefined) throw new CommandError(`${path} is not JSON but ${other}`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? printable(cause.message) : String(cause);
    throw new CommandError(`${path} is not JSON: ${reason}; check that it is the file you meant`, { cause });
  }
}
