/** A Hugging Face checkpoint that is turned into a package, wherever its files lie. */
import type { ByteSource } from '../bytes.ts';
import { INDEX, readCheckpoint, SINGLE, type CheckpointParts } from '../gemma3/checkpoint.ts';
import { MAX_CONFIG_BYTES } from '../gemma3/config.ts';
import type { SmallFilesFolder } from '../gemma3/package-files.ts';
import type { Json } from '../json.ts';
import { ExportError } from './error.ts';

/** A file that is open until it is closed. */
export interface OpenFile extends ByteSource {
  close(): Promise<void>;
}

/** A folder with a checkpoint or an adapter: on disk, dropped on the page, on a server. */
export interface ExportFolder extends SmallFilesFolder {
  /** As messages name it: a path, an address. */
  readonly folder: string;
  /** Last part of it. */
  readonly name: string;
  /** @throws an error that names the file, also where it has more than `most` bytes */
  json(file: string, most?: number): Promise<Json>;
  bytes(file: string): Promise<Uint8Array<ArrayBuffer>>;
  open(file: string): Promise<OpenFile>;
  /** What stands there instead of a missing file, and what to do, as a message goes on. */
  explainMissing(wanted: 'checkpoint' | 'adapter', file: string): Promise<string>;
}

export interface Checkpoint<Folder extends ExportFolder = ExportFolder> extends CheckpointParts {
  files: Folder;
  /** The files of weights, open. */
  sources: OpenFile[];
  /** Other files that are open until `close`. */
  opened: OpenFile[];
  /** Content of the package's tokenizer.json where it is not the checkpoint's. */
  tokenizer?: string;
  /** What was done to the checkpoint before the export, in sentences for the manifest. */
  changes?: string[];
  close(): Promise<void>;
}

/** What to do with an adapter that lies in the folder of the checkpoint: nothing was said, or it was. */
export type AdapterBeside = 'ask' | 'said';

/**
 * Reads config.json and the headers of the weights; no weight.
 * @throws ExportError, CheckpointError, ConfigError, SafetensorsError: each names the file and, where there is one, the tensor
 */
export async function openCheckpoint<Folder extends ExportFolder>(
  files: Folder,
  adapter: AdapterBeside = 'ask',
): Promise<Checkpoint<Folder>> {
  const { folder } = files;
  if (!(await files.has('config.json'))) throw new ExportError(await files.explainMissing('checkpoint', 'config.json'));
  if (!(await files.has(SINGLE)) && !(await files.has(INDEX)))
    throw new ExportError(
      `${folder} has neither ${SINGLE} nor ${INDEX}: it is not a safetensors checkpoint; ${await files.explainMissing('checkpoint', SINGLE)}`,
    );
  if (adapter === 'ask' && (await files.has('adapter_config.json')))
    throw new ExportError(
      `${folder} holds a model and an adapter (adapter_config.json); say which is meant: --adapter ${folder} adds the adapter to the model, --no-adapter exports the model alone`,
    );
  const sources: OpenFile[] = [];
  const opened: OpenFile[] = [];
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
