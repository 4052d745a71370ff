/** A checkpoint folder on disk. */
import { openCheckpoint as openFiles, type AdapterBeside, type Checkpoint } from '#core/export/checkpoint.ts';
import { FolderReader } from '../shared/folder-reader.ts';

/** @throws CommandError where there is no such folder; as `openCheckpoint` of core */
export async function openCheckpoint(folder: string, adapter?: AdapterBeside): Promise<Checkpoint<FolderReader>> {
  const files = await FolderReader.open(folder, { wanted: 'checkpoint' });
  // A link that leads nowhere is listed too.
  await files.require('checkpoint', 'config.json');
  return openFiles(files, adapter);
}
