/** All figures of a run in one object: the content of public/models/results.json. */
import { join } from 'node:path';
import type { Scores } from '#core/phantoms/scores.ts';
import { isJsonObject } from '#core/json.ts';
import { CommandError } from '../shared/errors.ts';
import { parseJson, readWholeFile } from '../shared/read-file.ts';
import { ADAPTERS, DTYPES, type Adapter, type Initialisation, type Model } from './plan.ts';

export const RESULTS_FORMAT = 'medgemma-ko-lab/teaching-results/1';

/** A line of metrics.jsonl: numbers by name. */
export type Metrics = Record<string, number>;

export interface Results {
  format: typeof RESULTS_FORMAT;
  /** Seed and amounts of the run. */
  run: unknown;
  /** Seconds of each step. */
  times: { step: string; seconds: number }[];
  torch: string;
  models: Record<Model, ModelResults>;
  /** Held-out losses of short runs that differ in how rows of new tokens begin. */
  initialisations: Record<Initialisation, Metrics[]>;
  /** Of the shipped run. */
  curves: { base: Metrics[]; expand: Metrics[] };
  adapters: Record<string, AdapterResults>;
}

export interface ModelResults {
  /** In PyTorch, fp32, on the set of seed 0. */
  pytorch: { seen: Scores; blank: Scores };
  /** Of exported packages in Node, on the set of seed 1; `fp32-blank` with the images blanked. */
  packages: Record<string, Scores>;
}

export interface AdapterResults extends Adapter {
  parameters: number;
  without_adapter: Scores;
  with_adapter: Scores;
  base_task_with_adapter: Scores;
}

async function json(path: string): Promise<Record<string, unknown>> {
  const value = parseJson(path, (await readWholeFile(path)).bytes);
  if (!isJsonObject(value)) throw new CommandError(`${path} is no JSON object`);
  return value;
}

/** The lines of a JSON Lines file. */
async function jsonLines(path: string): Promise<{ value: unknown; line: string }[]> {
  const { bytes } = await readWholeFile(path);
  const lines = bytes.toString('utf8').trim().split('\n');
  return lines.map((line) => ({ value: parseJson(path, Buffer.from(line)), line }));
}

/** The numbers of each line; `stage` and `phase` are texts and left out. */
async function metrics(path: string): Promise<Metrics[]> {
  return (await jsonLines(path)).map(({ value, line }) => {
    if (!isJsonObject(value)) throw new CommandError(`${path} has a line that is no object: ${line}`);
    const numbers = Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
    // Times depend on the machine; a curve shows no more than four digits.
    const kept = numbers.filter(([name]) => !name.includes('seconds'));
    return Object.fromEntries(kept.map(([name, number]) => [name, Number(number.toPrecision(4))]));
  });
}

/** @throws CommandError where the file does not hold the fields that both evaluations write */
export function readScores(value: unknown, from: string): Scores {
  if (!isJsonObject(value)) throw new CommandError(`${from} holds no scores`);
  const number = (name: string): number => {
    const found = value[name];
    if (typeof found !== 'number') throw new CommandError(`${from} has no number ${name}`);
    return found;
  };
  const group = (name: string): Record<string, number> => {
    const found = value[name];
    if (!isJsonObject(found)) throw new CommandError(`${from} has no ${name}`);
    return Object.fromEntries(
      Object.entries(found).map(([key, figure]) => {
        if (typeof figure !== 'number') throw new CommandError(`${from} has no number ${name} ${key}`);
        return [key, figure];
      }),
    );
  };
  return {
    count: number('count'),
    exact_match: number('exact_match'),
    exact_match_about_images: number('exact_match_about_images'),
    by_question: group('by_question'),
    by_language: group('by_language'),
    by_question_and_language: group('by_question_and_language'),
    perplexity: group('perplexity'),
    tokens_per_answer: group('tokens_per_answer'),
    prompt_tokens: group('prompt_tokens'),
  };
}

async function times(path: string): Promise<Results['times']> {
  return (await jsonLines(path)).map(({ value, line }) => {
    if (!isJsonObject(value) || typeof value['step'] !== 'string' || typeof value['seconds'] !== 'number') {
      throw new CommandError(`${path} has a line that names no step and seconds: ${line}`);
    }
    return { step: value['step'], seconds: value['seconds'] };
  });
}

/** @param run folder of a finished run of `npm run teach` */
export async function collectResults(run: string): Promise<Results> {
  const at = (...path: string[]) => join(run, ...path);
  const scores = async (path: string, part?: string): Promise<Scores> => {
    const value = await json(path);
    return readScores(part === undefined ? value : value[part], path);
  };
  const stage: Record<Model, string> = { 'teaching-base': 'base', 'teaching-ko': 'expand' };
  const model = async (name: Model): Promise<ModelResults> => {
    const trained = at(stage[name], 'evaluation.json');
    const packages: Record<string, Scores> = {};
    for (const file of [...DTYPES, 'fp32-blank'])
      packages[file] = await scores(at('evaluations', `${name}-${file}.json`));
    return {
      pytorch: { seen: await scores(trained, 'seen'), blank: await scores(trained, 'blank') },
      packages,
    };
  };
  const adapter = async (made: Adapter): Promise<AdapterResults> => {
    const path = at('adapters', made.name, 'evaluation.json');
    const { parameters } = await json(path);
    if (typeof parameters !== 'number') throw new CommandError(`${path} has no number of parameters`);
    return {
      ...made,
      parameters,
      without_adapter: await scores(path, 'without_adapter'),
      with_adapter: await scores(path, 'with_adapter'),
      base_task_with_adapter: await scores(path, 'base_task_with_adapter'),
    };
  };
  const adapters: Record<string, AdapterResults> = {};
  for (const made of ADAPTERS) adapters[made.name] = await adapter(made);
  const initialisation = (init: Initialisation) => metrics(at(`compare-${init}`, 'metrics.jsonl'));
  const { torch } = await json(at('base', 'options.json'));
  return {
    format: RESULTS_FORMAT,
    run: await json(at('teach.json')),
    times: await times(at('times.jsonl')),
    torch: String(torch),
    models: { 'teaching-base': await model('teaching-base'), 'teaching-ko': await model('teaching-ko') },
    initialisations: {
      mean: await initialisation('mean'),
      first: await initialisation('first'),
      random: await initialisation('random'),
    },
    curves: { base: await metrics(at('base', 'metrics.jsonl')), expand: await metrics(at('expand', 'metrics.jsonl')) },
    adapters,
  };
}
