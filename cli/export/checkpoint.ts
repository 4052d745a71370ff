/** A Hugging Face checkpoint folder on disk. */
import { INDEX, readCheckpoint, SINGLE, type CheckpointParts } from '#core/gemma3/checkpoint.ts';
import { MAX_CONFIG_BYTES } from '#core/gemma3/config.ts';
import { CommandError } from '../shared/errors.ts';
import type { FileSource } from '../shared/file-source.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { explainMissing } from '../shared/given-folder.ts';

export interface Checkpoint extends CheckpointParts {
  files: FolderReader;
  /** The files of weights, open. */
  sources: FileSource[];
  /** Other files that are open until `close`. */
  opened: FileSource[];
  /** Content of the package's tokenizer.json where it is not the checkpoint's. */
  tokenizer?: string;
  /** What was done to the checkpoint before the export, in sentences for the manifest. */
  changes?: string[];
  close(): Promise<void>;
}

/** What to do with an adapter that lies in the folder of the checkpoint: nothing was said, or it was. */
export type AdapterBeside = 'ask' | 'said';

/** @throws CommandError, CheckpointError, ConfigError, SafetensorsError: each names the file and, where there is one, the tensor. */
export async function openCheckpoint(folder: string, adapter: AdapterBeside = 'ask'): Promise<Checkpoint> {
  const files = await FolderReader.open(folder, { wanted: 'checkpoint' });
  await files.require('checkpoint', 'config.json');
  if (!(await files.has(SINGLE)) && !(await files.has(INDEX)))
    throw new CommandError(
      `${folder} has neither ${SINGLE} nor ${INDEX}: it is not a safetensors checkpoint; ${await explainMissing('checkpoint', folder, SINGLE)}`,
    );
  if (adapter === 'ask' && (await files.has('adapter_config.json')))
    throw new CommandError(
      `${folder} holds a model and an adapter (adapter_config.json); say which is meant: --adapter ${folder} adds the adapter to the model, --no-adapter exports the model alone`,
    );
  const sources: FileSource[] = [];
  const opened: FileSource[] = [];
  const close = async () => {
    await Promise.all([...sources, ...opened].map((source) => source.close()));
  };
  try {
    const parts = await readCheckpoint({
      name: folder,
      has: (file) => files.has(file),
      json: (file) => files.json(file, file === 'config.json' ? MAX_CONFIG_BYTES : undefined),
      async open(file) {
        const source = await files.open(file);
        sources.push(source);
        return source;
      },
    });
    return { ...parts, files, sources, opened, close };
  } catch (error) {
    await close();
    throw error;
  }
}
