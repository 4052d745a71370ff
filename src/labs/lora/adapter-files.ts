/** The two files of an adapter, from wherever they are. */
import type { AdapterFiles } from '#core/protocol/adapters.ts';
import type { Failure } from '#core/failure.ts';

export const CONFIG = 'adapter_config.json';
export const WEIGHTS = 'adapter_model.safetensors';

export type Found = { type: 'ok'; files: AdapterFiles } | { type: 'failed'; failure: Failure };

/** Adapters of gigabytes are no adapters: a model was picked by mistake. */
const LARGEST = 2e9;

/**
 * The adapter among picked or dropped files. A pair under other names is taken where there is exactly one .json and one
 * .safetensors: browsers rename downloads.
 */
export function adapterAmong(files: readonly File[]): Found {
  const config = only(files, CONFIG, '.json');
  const weights = only(files, WEIGHTS, '.safetensors');
  if (!config) return missing(CONFIG);
  if (!weights) return missing(WEIGHTS);
  if (weights.size > LARGEST) return refused(weights.name, `${weights.size} bytes`);
  return { type: 'ok', files: { name: folderOf(weights), config, weights } };
}

/** @param folder address of the folder, with "/" at the end */
export async function adapterAt(folder: string, name: string, signal: AbortSignal): Promise<Found> {
  const parts: Blob[] = [];
  for (const file of [CONFIG, WEIGHTS]) {
    const url = folder + file;
    try {
      const response = await fetch(url, { signal });
      // Hosts of single pages send their page for what they lack.
      const isPage = response.headers.get('content-type')?.startsWith('text/html') === true;
      if (response.status === 404 || (response.ok && isPage)) return missing(url);
      if (!response.ok) return { type: 'failed', failure: network(url, `HTTP ${response.status}`) };
      parts.push(await response.blob());
    } catch (error) {
      return { type: 'failed', failure: network(url, error instanceof Error ? error.message : String(error)) };
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

/** Of a picked folder; else of the file. */
function folderOf(weights: File): string {
  // Only a picker of folders sets it.
  const folder = (weights.webkitRelativePath || '').split('/').at(-2);
  return folder ?? weights.name.replace(/\.safetensors$/u, '');
}

function missing(file: string): Found {
  return { type: 'failed', failure: { code: 'file-missing', detail: { file } } };
}

function refused(file: string, reason: string): Found {
  return { type: 'failed', failure: { code: 'adapter-refused', detail: { file, reason } } };
}

function network(url: string, reason: string): Failure {
  return { code: 'network', detail: { url, reason } };
}
