/** Reads whole files. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Wanted } from '#core/files/kinds.ts';
import { parseJsonOr } from '#core/files/parse-json.ts';
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

/** @throws CommandError when the bytes are not JSON in UTF-8, OtherFileError when it is known what they are */
export function parseJson(path: string, bytes: Uint8Array, wanted: Wanted = 'json'): unknown {
  const broken = (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new CommandError(`${path} is not JSON: ${reason}; check that it is the file you meant`, { cause });
  };
  const json = parseJsonOr(bytes, { file: path, wanted, broken });
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw broken(cause);
  }
  return json;
}
