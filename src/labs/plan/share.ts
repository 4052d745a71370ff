/** A plan as the query of an address, in words that a person can read. */
import { TARGETS, type TargetChoice } from '#core/budget/lora.ts';
import { MACHINES } from '#core/budget/machines.ts';
import { PLANNED_PARTS, STORAGE_PRESETS, STORED_FORMATS, type StoragePreset } from '#core/budget/storage.ts';
import { OPTIMIZERS } from '#core/budget/training-plan.ts';
import { ConfigError, parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { shapeJson } from '#core/gemma3/shape-json.ts';
import {
  CONTEXTS,
  DEFAULT_CHOICES,
  MODELS,
  RANGES,
  RANKS,
  storageOf,
  TRAINING_LENGTHS,
  VISION_CHOICES,
  type PlanChoices,
  type TypedNumber,
} from './choices.ts';

/** Characters of the whole address. */
export const longestLink = 4000;

const PRESETS = Object.keys(STORAGE_PRESETS).filter((name): name is StoragePreset => name in STORAGE_PRESETS);
const TARGET_NAMES = Object.keys(TARGETS).filter((name): name is TargetChoice => name in TARGETS);

/** @param config of the dropped config.json, whose shape goes into the link */
export function writePlan(choices: PlanChoices, config: Gemma3Config | undefined): URLSearchParams {
  const { formats } = storageOf(choices);
  const query = new URLSearchParams({ model: choices.model, dtype: choices.preset });
  if (PLANNED_PARTS.some((part) => formats[part] !== STORAGE_PRESETS[choices.preset].formats[part]))
    query.set('parts', PLANNED_PARTS.map((part) => formats[part]).join('.'));
  if (choices.addedTokens > 0) query.set('added', String(choices.addedTokens));
  if (choices.tied !== undefined) query.set('head', choices.tied ? 'tied' : 'untied');
  query.set('context', String(choices.contextLength));
  query.set('images', String(choices.images));
  query.set('vision', choices.vision);
  query.set('rank', String(choices.rank));
  query.set('targets', choices.targets);
  query.set('optimizer', choices.optimizer);
  query.set('length', String(choices.trainingLength));
  query.set('batch', String(choices.batch));
  query.set('machine', choices.machine);
  if (choices.model === 'file' && config) query.set('config', JSON.stringify(shapeJson(config)));
  return query;
}

/** @param page address of the page, with or without a hash */
export function linkTo(choices: PlanChoices, config: Gemma3Config | undefined, page: string): string {
  const url = new URL(page);
  url.hash = `#/plan?${writePlan(choices, config).toString()}`;
  return url.href;
}

export interface ReadPlan {
  choices: PlanChoices;
  config: Gemma3Config | undefined;
  /** Names of the parameters that cannot be read. */
  broken: string[];
}

/** What the query does not say is as in `DEFAULT_CHOICES`. */
export function readPlan(query: URLSearchParams): ReadPlan {
  const broken: string[] = [];
  const read = <Value>(name: string, parse: (text: string) => Value | undefined, absent: Value): Value => {
    const text = query.get(name);
    if (text === null) return absent;
    const value = parse(text);
    if (value === undefined) broken.push(name);
    return value ?? absent;
  };
  const oneOf =
    <Value extends string | number>(values: readonly Value[]) =>
    (text: string): Value | undefined =>
      values.find((value) => String(value) === text);
  const typed = (name: TypedNumber) => (text: string) => {
    const [least, most] = RANGES[name];
    return /^\d{1,6}$/u.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;
  };
  const config = read<Gemma3Config | undefined>('config', readConfig, undefined);
  const model = read('model', oneOf(MODELS), DEFAULT_CHOICES.model);
  const tied = read<boolean | undefined>(
    'head',
    (text) => (text === 'tied' ? true : text === 'untied' ? false : undefined),
    undefined,
  );
  const choices: PlanChoices = {
    // A file whose shape did not come along cannot be planned.
    model: model === 'file' && !config ? DEFAULT_CHOICES.model : model,
    preset: read('dtype', oneOf(PRESETS), DEFAULT_CHOICES.preset),
    formats: read<PlanChoices['formats']>('parts', readFormats, {}),
    addedTokens: read('added', typed('addedTokens'), DEFAULT_CHOICES.addedTokens),
    tied,
    contextLength: read<number>('context', oneOf(CONTEXTS), DEFAULT_CHOICES.contextLength),
    images: read('images', typed('images'), DEFAULT_CHOICES.images),
    vision: read('vision', oneOf(VISION_CHOICES), DEFAULT_CHOICES.vision),
    rank: read<number>('rank', oneOf(RANKS), DEFAULT_CHOICES.rank),
    targets: read('targets', oneOf(TARGET_NAMES), DEFAULT_CHOICES.targets),
    optimizer: read('optimizer', oneOf(OPTIMIZERS), DEFAULT_CHOICES.optimizer),
    trainingLength: read<number>('length', oneOf(TRAINING_LENGTHS), DEFAULT_CHOICES.trainingLength),
    batch: read('batch', typed('batch'), DEFAULT_CHOICES.batch),
    machine: read('machine', oneOf(['this', ...MACHINES.map(({ name }) => name)]), DEFAULT_CHOICES.machine),
  };
  if (model === 'file' && !config && !broken.includes('config')) broken.push('config');
  return { choices, config, broken };
}

function readConfig(text: string): Gemma3Config | undefined {
  if (text.length > longestLink) return undefined;
  try {
    return parseConfig(JSON.parse(text));
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readFormats(text: string): PlanChoices['formats'] | undefined {
  const names = text.split('.');
  const [attention, mlp, embedding, vision] = names.map((name) => STORED_FORMATS.find((format) => format === name));
  if (names.length !== PLANNED_PARTS.length || !attention || !mlp || !embedding || !vision) return undefined;
  return { attention, mlp, embedding, vision };
}
