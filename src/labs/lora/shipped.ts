/** The adapters that are shipped with the page, as listed in the results of their training. */
import { fetchJson } from '#core/fetch/fetch-file.ts';
import { probe } from '#core/fetch/probe.ts';
import { FailureError } from '#core/failure.ts';
import { MAX_RESULTS_BYTES, parseResults, RESULTS_FILE, type TrainedAdapter } from '#core/phantoms/results-file.ts';
import { network } from '../../platform/network.ts';
import { CONFIG as ADAPTER_CONFIG } from './adapter-files.ts';

/** What an adapter was trained for: `core/phantoms/task.ts`. */
export interface ShippedAdapter {
  name: string;
  task: string;
  rank: number;
  parameters: number;
  /** Share of questions of its own task answered right, without and with it, in PyTorch. */
  without: number;
  withIt: number;
}

/** The folder of the teaching model that they belong to. */
export const TEACHING_FOLDER = 'teaching-ko-q4';

export interface Shipped {
  adapters: readonly ShippedAdapter[];
  /** Address of the model package they were trained on; undefined if it is not shipped. */
  model: string | undefined;
}

export const nothingShipped: Shipped = { adapters: [], model: undefined };

/**
 * A page without models, or with the figures but not the files, is not a failure: missing files are not offered.
 * @param models address of the folder of models, with "/"
 * @throws FailureError if the server cannot be reached, and for a broken results.json
 */
export async function readShipped(models: string): Promise<Shipped> {
  let json: unknown;
  try {
    const request = { url: models + RESULTS_FILE, file: RESULTS_FILE, limit: MAX_RESULTS_BYTES };
    json = await fetchJson(network, { ...request, cache: 'no-cache' });
  } catch (error) {
    if (error instanceof FailureError && error.code === 'file-missing') return nothingShipped;
    throw error;
  }
  const known = Object.entries(parseResults(json).adapters).flatMap(([name, trained]) => shippedAdapter(name, trained));
  const there = await Promise.all(known.map(({ name }) => exists(`${models}adapters/${name}/`, ADAPTER_CONFIG)));
  const model = (await exists(`${models}${TEACHING_FOLDER}/`, 'manifest.json'))
    ? `${models}${TEACHING_FOLDER}/`
    : undefined;
  return { adapters: known.filter((_, at) => there[at]), model };
}

/** The adapter for the guided path: its rank is a usual one, and large enough to truncate. */
export function skillOf({ adapters }: Shipped): ShippedAdapter | undefined {
  const skills = adapters.filter(({ task }) => task === 'patient-side');
  return skills.find(({ name }) => name === 'patient-side-r8') ?? skills.at(-1);
}

export function mannerOf({ adapters }: Shipped): ShippedAdapter | undefined {
  return adapters.find(({ task }) => task === 'report');
}

/** Empty for a name that leads out of the folder of adapters. */
export function shippedAdapter(name: string, trained: TrainedAdapter): ShippedAdapter[] {
  if (!/^[\w.-]+$/u.test(name) || /^\.+$/u.test(name)) return [];
  const { task, rank, parameters, without_adapter: without, with_adapter: withIt } = trained;
  return [{ name, task, rank, parameters, without: without.exact_match, withIt: withIt.exact_match }];
}

async function exists(folder: string, file: string): Promise<boolean> {
  try {
    await probe(network, { url: folder + file, file });
    return true;
  } catch (error) {
    if (error instanceof FailureError && error.code === 'file-missing') return false;
    throw error;
  }
}
