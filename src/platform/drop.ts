import { droppedFolder, type FolderSource } from './package-folder.ts';

export type Dropped = { type: 'package'; source: FolderSource } | { type: 'files'; files: File[] };

/** What a model package is made of. */
const packageFile = /\.(json|onnx|onnx_data(_\d+)?|safetensors|gguf|model)$/i;

/**
 * A folder with files of a model, or loose files with a config.json among them, is a model package; anything else is for the
 * prompt: radiology hands a CT series out as a folder.
 */
export async function readDrop(transfer: DataTransfer): Promise<Dropped> {
  // The list is emptied when the event handler returns, so it is read before anything is awaited.
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const isPackage = entries.some((entry) => entry.isDirectory || entry.name === 'config.json');
  if (!isPackage) return { type: 'files', files };
  const source = await droppedFolder(entries);
  const inside = source.files.map(({ blob }) => blob).filter((blob) => blob instanceof File);
  if (inside.length > 0 && !inside.some(({ name }) => packageFile.test(name))) return { type: 'files', files: inside };
  return { type: 'package', source };
}

/** All dropped files, also those inside dropped folders. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // The list is emptied when the event handler returns, so it is read before anything is awaited.
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.some((entry) => entry.isDirectory)) return files;
  const { files: inside } = await droppedFolder(entries);
  return inside.map(({ blob }) => blob).filter((blob) => blob instanceof File);
}
