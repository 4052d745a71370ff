/** The adapters that lie beside the page, as the results of their training name them. */

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
  /** Address of the model package they were trained on; undefined where it is not there. */
  model: string | undefined;
}

export const nothingShipped: Shipped = { adapters: [], model: undefined };

/** @param models address of the folder of models, with "/" */
export async function readShipped(models: string): Promise<Shipped> {
  const results = await json(`${models}results.json`);
  if (!isObject(results)) return nothingShipped;
  const listed = isObject(results['adapters']) ? Object.entries(results['adapters']) : [];
  const known = listed.flatMap(([name, value]) => {
    const adapter = shippedAdapter(name, value);
    return adapter ? [adapter] : [];
  });
  // The figures may have come without the files.
  const there = await Promise.all(known.map(({ name }) => exists(`${models}adapters/${name}/adapter_config.json`)));
  const model = (await exists(`${models}${TEACHING_FOLDER}/manifest.json`))
    ? `${models}${TEACHING_FOLDER}/`
    : undefined;
  return { adapters: known.filter((_, at) => there[at]), model };
}

/** The one to teach with: its rank is what the text books take, and it leaves something to cut off. */
export function skillOf({ adapters }: Shipped): ShippedAdapter | undefined {
  const skills = adapters.filter(({ task }) => task === 'patient-side');
  return skills.find(({ name }) => name === 'patient-side-r8') ?? skills.at(-1);
}

export function mannerOf({ adapters }: Shipped): ShippedAdapter | undefined {
  return adapters.find(({ task }) => task === 'report');
}

/** @returns undefined for what is no entry of results.json */
export function shippedAdapter(name: string, value: unknown): ShippedAdapter | undefined {
  if (!/^[\w.-]+$/u.test(name) || !isObject(value)) return undefined;
  const { task, rank, parameters } = value;
  const [without, withIt] = [rateOf(value['without_adapter']), rateOf(value['with_adapter'])];
  if (typeof task !== 'string' || typeof rank !== 'number' || typeof parameters !== 'number') return undefined;
  if (without === undefined || withIt === undefined) return undefined;
  return { name, task, rank, parameters, without, withIt };
}

function rateOf(scores: unknown): number | undefined {
  const rate = isObject(scores) ? scores['exact_match'] : undefined;
  return typeof rate === 'number' ? rate : undefined;
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where there is none: a page without models is no failure. */
async function json(url: string): Promise<unknown> {
  try {
    const response = await fetch(url);
    const type = response.headers.get('content-type') ?? '';
    return response.ok && !type.startsWith('text/html') ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

async function exists(url: string): Promise<boolean> {
  return (await json(url)) !== undefined;
}
