/** `adapter_config.json` as PEFT writes it (peft/tuners/lora/config.py), as far as running an adapter needs it. */
import { StepBudget } from '../python-pattern/match.ts';
import { PatternError } from '../python-pattern/syntax.ts';
import { AdapterError } from './error.ts';
import { MAX_PATTERNS, MAX_STEPS, moduleMatcher, rankPatternMatcher, type ModuleMatcher } from './module-pattern.ts';

/** A value for the modules that a pattern names. */
export interface PatternValue {
  pattern: string;
  matches: ModuleMatcher;
  value: number;
}

export interface AdapterConfig {
  rank: number;
  alpha: number;
  /** Scale α/√r in place of α/r (rank-stabilized LoRA, Kalajdzievski 2023, arXiv 2312.03732). */
  rankStabilized: boolean;
  /** Ranks and α of single modules, by patterns of their names; the first pattern that matches counts. */
  rankPattern: readonly PatternValue[];
  alphaPattern: readonly PatternValue[];
  /** Undefined where the file names no modules. */
  targetModules: ModuleMatcher | undefined;
  excludeModules: ModuleMatcher | undefined;
  /** What the adapter says it was trained on: a folder's or a model's name. */
  baseModel: string | undefined;
}

const FILE = 'adapter_config.json';

/** Entries that change what is computed, and what they would mean: adapters that set them are refused by name. */
const REFUSED: readonly (readonly [key: string, what: string])[] = [
  ['use_dora', 'DoRA'],
  ['lora_bias', 'biases in the adapter'],
  ['use_qalora', 'QA-LoRA'],
  ['use_bdlora', 'block-diagonal LoRA'],
  ['arrow_config', 'Arrow'],
  ['alora_invocation_tokens', 'activated LoRA'],
  ['modules_to_save', 'modules trained as a whole'],
  ['trainable_token_indices', 'trained rows of the embedding'],
  ['target_parameters', 'adapters on bare parameters'],
  ['layer_replication', 'repeated layers'],
];

/** Initializations that change the base weights: the adapter does not fit the weights that it was made from. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/iu;

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws AdapterError naming the entry, for what is no LoRA adapter or one of a kind that is not run here */
export function parseAdapterConfig(json: unknown): AdapterConfig {
  const fail = (reason: string) => new AdapterError(FILE, reason);
  if (!isObject(json)) throw fail('not a JSON object');
  const type = json['peft_type'];
  if (type !== 'LORA') throw fail(`peft_type is ${JSON.stringify(type ?? null)}; only LORA adapters are run`);
  for (const [key, what] of REFUSED) {
    if (isSet(json[key])) throw fail(`${key} is set: ${what} is not supported, only plain LoRA`);
  }
  const bias = json['bias'] ?? 'none';
  if (bias !== 'none') throw fail(`bias is ${JSON.stringify(bias)}; Gemma 3 has no biases to train`);
  if (json['fan_in_fan_out'] === true)
    throw fail('fan_in_fan_out is set; the projections of Gemma 3 are not stored so');
  const init = json['init_lora_weights'];
  if (typeof init === 'string' && CHANGES_BASE.test(init)) {
    throw fail(`init_lora_weights is "${init}", which changes the base weights; save it converted to plain LoRA`);
  }
  const number = (key: string): number => {
    const value = json[key];
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw fail(`"${key}" is ${JSON.stringify(value ?? null)}, expected a positive number`);
    }
    return value;
  };
  const rank = number('r');
  if (!Number.isInteger(rank)) throw fail(`"r" is ${rank}, expected a whole number`);
  const base = json['base_model_name_or_path'];
  const modules = (key: string) => named(key, fail, () => moduleMatcher(json[key]));
  return {
    rank,
    alpha: number('lora_alpha'),
    rankStabilized: json['use_rslora'] === true,
    rankPattern: pattern(json['rank_pattern'], 'rank_pattern', fail),
    alphaPattern: pattern(json['alpha_pattern'], 'alpha_pattern', fail),
    targetModules: modules('target_modules'),
    excludeModules: modules('exclude_modules'),
    baseModel: typeof base === 'string' && base !== '' ? base : undefined,
  };
}

/** PEFT writes null, false, and empty lists and objects for what is not used. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false;
}

function pattern(value: unknown, key: string, fail: (reason: string) => AdapterError): PatternValue[] {
  if (value === undefined || value === null) return [];
  if (!isObject(value)) throw fail(`"${key}" is not an object`);
  const entries = Object.entries(value);
  if (entries.length > MAX_PATTERNS)
    throw fail(`"${key}" has ${entries.length} patterns; no more than ${MAX_PATTERNS} are read`);
  return entries.map(([name, given]): PatternValue => {
    if (typeof given !== 'number' || !Number.isFinite(given) || given <= 0) {
      throw fail(`"${key}" gives "${shortened(name)}" ${JSON.stringify(given)}, expected a positive number`);
    }
    const matches = named(`${key}" of "${shortened(name)}`, fail, () => rankPatternMatcher(name));
    return { pattern: name, matches, value: given };
  });
}

/** Names the entry that a pattern is in. */
function named<T>(entry: string, fail: (reason: string) => AdapterError, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof PatternError) throw fail(`"${entry}": ${cause.message}`);
    throw cause;
  }
}

function shortened(pattern: string): string {
  return pattern.length > 100 ? `${pattern.slice(0, 100)}…` : pattern;
}

export interface ModuleSettings {
  rank: number;
  /** s: α/r, or α/√r where it is rank-stabilized. */
  scale: number;
  /** PEFT would put the adapter on this module. */
  isTarget: boolean;
}

/**
 * What the config says of the modules of one adapter. The steps that their patterns may take are counted together.
 * @returns a function of a module's whole name, e.g. `model.language_model.layers.0.self_attn.q_proj`
 */
export function moduleSettings(config: AdapterConfig): (module: string) => ModuleSettings {
  const budget = new StepBudget(MAX_STEPS);
  const fail = (reason: string) => new AdapterError(FILE, reason);
  const find = (key: string, patterns: readonly PatternValue[], module: string): number | undefined =>
    named(key, fail, () => patterns.find(({ matches }) => matches(module, budget))?.value);
  return (module) => {
    const rank = find('rank_pattern', config.rankPattern, module) ?? config.rank;
    const alpha = find('alpha_pattern', config.alphaPattern, module) ?? config.alpha;
    const isTarget =
      named('target_modules', fail, () => config.targetModules?.(module, budget) ?? true) &&
      !named('exclude_modules', fail, () => config.excludeModules?.(module, budget) ?? false);
    return { rank, scale: alpha / (config.rankStabilized ? Math.sqrt(rank) : rank), isTarget };
  };
}
