/** A Hugging Face checkpoint folder on disk. */
import { readCheckpoint, type CheckpointParts } from '#core/gemma3/checkpoint.ts';
import type { FileSource } from '../shared/file-source.ts';
import { FolderReader } from '../shared/folder-reader.ts';

export interface Checkpoint extends CheckpointParts {
  files: FolderReader;
  /** The files of weights, open. */
  sources: FileSource[];
  /** Content of the package's tokenizer.json where it is not the checkpoint's. */
  tokenizer?: string;
  /** What was done to the checkpoint before the export, in sentences for the manifest. */
  changes?: string[];
  close(): Promise<void>;
}

/** @throws CommandError, CheckpointError, ConfigError, SafetensorsError: each names the file and, where there is one, the tensor. */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const files = await FolderReader.open(folder, {
    hint: '--checkpoint names a folder with config.json and safetensors',
  });
  const sources: FileSource[] = [];
  const close = async () => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    const parts = await readCheckpoint({
      name: folder,
      has: (file) => files.has(file),
      json: (file) => files.json(file),
      async open(file) {
        const source = await files.open(file);
        sources.push(source);
        return source;
      },
    });
    return { ...parts, files, sources, close };
  } catch (error) {
    await close();
    throw error;
  }
}
