/** Finds the two files of an adapter: picked, dropped or downloaded. */
import type { AdapterFiles } from '#core/protocol/adapters.ts';
import { fetchFile } from '#core/fetch/fetch-file.ts';
import { FailureError, type Failure } from '#core/failure.ts';
import { MAX_ADAPTER_CONFIG_BYTES } from '#core/lora/config.ts';
import { kindAmong, otherKind, otherKindFailure } from '#core/files/folder-kind.ts';
import { KIND_BYTES } from '#core/files/kind.ts';
import { network } from '../../platform/network.ts';

export const CONFIG = 'adapter_config.json';
export const WEIGHTS = 'adapter_model.safetensors';

export type Found = { type: 'ok'; files: AdapterFiles } | { type: 'failed'; failure: Failure };

/** Limit in bytes of a download. A larger file is a model, or holds whole parameters, which the page does not add. */
const LARGEST = 2e9;

/**
 * The adapter among picked or dropped files. Files with other names are accepted if there is exactly one .json and one
 * .safetensors: browsers rename downloads.
 */
export async function adapterAmong(files: readonly File[]): Promise<Found> {
  const config = only(files, CONFIG, '.json');
  const weights = only(files, WEIGHTS, '.safetensors');
  if (!config || !weights) return (await otherFiles(files)) ?? missing(config ? WEIGHTS : CONFIG);
  return { type: 'ok', files: { name: folderOf(weights), config, weights } };
}

/** @param folder address of the folder, with "/" at the end */
export async function adapterAt(folder: string, name: string, signal: AbortSignal): Promise<Found> {
  const parts: Blob[] = [];
  for (const [file, limit] of [
    [CONFIG, MAX_ADAPTER_CONFIG_BYTES],
    [WEIGHTS, LARGEST],
  ] as const) {
    const url = folder + file;
    try {
      parts.push(await fetchFile(network, { url, file: url, limit, signal }));
    } catch (error) {
      const broken: Failure = { code: 'network', detail: { url, reason: String(error) } };
      const failure = error instanceof FailureError ? { code: error.code, detail: error.detail } : broken;
      return { type: 'failed', failure };
    }
  }
  const [config, weights] = parts;
  return config && weights ? { type: 'ok', files: { name, config, weights } } : missing(folder);
}

function only(files: readonly File[], name: string, ending: string): File | undefined {
  const named = files.filter((file) => file.name === name);
  const candidates = named.length > 0 ? named : files.filter((file) => file.name.endsWith(ending));
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** Name of the picked folder, else of the file. */
function folderOf(weights: File): string {
  // Only a folder picker sets it.
  const folder = (weights.webkitRelativePath || '').split('/').at(-2);
  return folder ?? weights.name.replace(/\.safetensors$/u, '');
}

function missing(file: string): Found {
  return { type: 'failed', failure: { code: 'file-missing', detail: { file } } };
}

/** Files of another kind than PEFT's two, by their names, else by their content. */
async function otherFiles(files: readonly File[]): Promise<Found | undefined> {
  const byPath = new Map(files.map((file) => [pathOf(file), file]));
  const paths = [...byPath.keys()];
  const head = async (path: string) =>
    new Uint8Array((await byPath.get(path)?.slice(0, KIND_BYTES).arrayBuffer()) ?? new ArrayBuffer(0));
  const kind = otherKind('adapter', paths) ?? (await kindAmong('adapter', paths, head));
  return kind && { type: 'failed', failure: otherKindFailure('adapter', kind).failure };
}

/** A folder picker gives paths that begin with the folder. */
function pathOf({ name, webkitRelativePath }: File): string {
  return (webkitRelativePath || '').split('/').slice(1).join('/') || name;
}
