/** Errors as a person reads them: what is wrong, with which file, and what to do next. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { printable } from '#core/printable.ts';
import { ExportError } from '#core/export/error.ts';
import { ConfigError } from '#core/gemma3/config.ts';
import { CheckpointError } from '#core/gemma3/checkpoint.ts';
import { AdapterError } from '#core/lora/error.ts';
import { DataFileError } from '#core/lora/training/data-file.ts';
import { DivergedError } from '#core/lora/training/trainer.ts';
import { OtherFileError } from '#core/files/other-file.ts';
import { SafetensorsError } from '#core/safetensors/header.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';

/** The command cannot do what was asked. The message names what is wrong and the next step; it is shown without a stack. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** A signal asked the command to end. */
export class StoppedError extends CommandError {
  override readonly name = 'StoppedError';

  constructor(readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGPIPE') {
    super(`stopped by ${signal}`);
  }
}

/** Errors of `core` about input files. */
const INPUT_ERRORS = [
  OtherFileError,
  ExportError,
  CheckpointError,
  ConfigError,
  SafetensorsError,
  AdapterError,
  DataFileError,
  DivergedError,
  PackError,
  TokenizerFormatError,
];

/** The message of an error that a person can act on; undefined for a defect, which needs its stack. */
export function userMessage(error: unknown): string | undefined {
  if (error instanceof CommandError) return error.message;
  if (error instanceof Error && INPUT_ERRORS.some((kind) => error instanceof kind)) return error.message;
  return isSystemError(error) ? systemMessage(error) : undefined;
}

/** An error of the operating system, as Node throws it. */
interface SystemError extends Error {
  code: string;
  syscall: string;
  path?: unknown;
  dest?: unknown;
}

function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}

/** Code of an error that Node throws: `ENOENT`, `ENOSPC`, `Z_DATA_ERROR`, … */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Awaits an operation on a file. Node leaves the path out of errors on an open handle; this adds it.
 * @throws CommandError for a file that is larger than Node reads at once
 */
export async function onFile<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (systemCode(error) === 'ERR_FS_FILE_TOO_LARGE')
      throw new CommandError(
        `${printable(path)} has more than 2 GiB, and such a file is read whole; check that it is the file you meant`,
        { cause: error },
      );
    if (isSystemError(error)) error.path ??= path;
    throw error;
  }
}

function systemMessage(error: SystemError): string {
  const path = typeof error.path === 'string' ? printable(error.path) : 'a file or stream';
  const target = typeof error.dest === 'string' ? printable(error.dest) : path;
  switch (error.code) {
    case 'ENOENT':
      return missing(typeof error.path === 'string' ? error.path : path);
    case 'ENOTDIR':
      return `${path}: a file stands where a folder should be; check the path`;
    case 'EISDIR':
      return `${target} is a folder, not a file; name a file`;
    case 'EEXIST':
    case 'ENOTEMPTY':
      return `${target} already exists; use another path, or move it away`;
    case 'EACCES':
    case 'EPERM':
      return `${path}: permission denied; change the permissions of the file or its folder, or use another path`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space left for ${target}; free some, or write to another disk`;
    case 'EROFS':
      return `${target} is on a read-only file system; write somewhere else`;
    case 'ELOOP':
      return `${path} is a link that leads back to itself; put the file in its place`;
    case 'ENAMETOOLONG':
      return `${path.slice(0, 80)}…: the path is longer than the system takes; use a shorter one`;
    case 'EBUSY':
    case 'ETXTBSY':
      return `${path} is in use by another program; close it and try again`;
    case 'EFBIG':
      return `${target} is larger than the file system takes; write to another disk`;
    case 'EMFILE':
    case 'ENFILE':
      return `${path}: too many files are open; raise the limit ("ulimit -n") or close other programs`;
    default:
      return `${path}: the system refused "${error.syscall}" with ${error.code}; check the file and the disk`;
  }
}

/** Names the missing part of a path: the target of a link, a folder, or the file itself. */
function missing(path: string): string {
  let deepest = path;
  while (!lstatSync(deepest, { throwIfNoEntry: false }) && dirname(deepest) !== deepest) deepest = dirname(deepest);
  if (lstatSync(deepest, { throwIfNoEntry: false })?.isSymbolicLink() && !existsSync(deepest)) {
    return `${deepest} is a link to ${readlinkSync(deepest)}, which does not exist; restore the target, or put the file in place of the link`;
  }
  const folder = dirname(path);
  if (!existsSync(folder)) return `${path} does not exist: there is no folder ${folder}; check the path`;
  return `${path} does not exist; check the path`;
}
