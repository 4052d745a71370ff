/** A Hugging Face checkpoint folder on disk. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  CheckpointError,
  parseJsonFile,
  readCheckpoint,
  type CheckpointFolder,
  type CheckpointParts,
} from '#core/gemma3/checkpoint.ts';
import type { SmallFilesFolder } from '#core/gemma3/package-files.ts';
import type { Json } from '#core/json.ts';
import { systemCode } from '../shared/errors.ts';
import { FileSource } from './file-source.ts';

export interface Checkpoint extends CheckpointParts {
  folder: string;
  /** Name of the folder, without path. */
  name: string;
  sources: FileSource[];
  /** What stands in the package instead of the checkpoint's tokenizer.json. */
  tokenizer?: string;
  /** What was done to the checkpoint before the export, in sentences for the manifest. */
  changes?: string[];
  close(): Promise<void>;
}

/** @throws CheckpointError, ConfigError, SafetensorsError: each names the file and, where there is one, the tensor. */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const sources: FileSource[] = [];
  const close = async () => {
    await Promise.all(sources.map((source) => source.close()));
  };
  const files: CheckpointFolder = {
    name: folder,
    ...filesOf(folder),
    async open(file) {
      const source = await FileSource.open(join(folder, file));
      sources.push(source);
      return source;
    },
  };
  try {
    const parts = await readCheckpoint(files);
    return { folder, name: basename(resolve(folder)), ...parts, sources, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The files beside the weights. */
export function filesOf(folder: string): SmallFilesFolder {
  return {
    has: async (file) => (await readdir(folder)).includes(file),
    json: (file) => readJson(folder, file),
    bytes: (file) => readFile(join(folder, file)),
  };
}

/** @throws CheckpointError */
export async function readJson(folder: string, file: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(join(folder, file), 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new CheckpointError(`${file} is missing in ${folder}`, { cause: error });
    throw error;
  }
  return parseJsonFile(file, text);
}
