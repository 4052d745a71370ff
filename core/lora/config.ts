/** `adapter_config.json` as PEFT writes it (peft/tuners/lora/config.py), limited to the fields needed for inference. */
import { shortened } from '../text/cut.ts';
import * as v from 'valibot';
import { isJsonObject } from '../json.ts';
import { StepBudget } from '../python-pattern/match.ts';
import { PatternError } from '../python-pattern/syntax.ts';
import { check, fieldKeys, flag, isMissing, object, positive, record, shown, whole } from '../schema/schema.ts';
import { AdapterError } from './error.ts';
import { MAX_PATTERNS, MAX_STEPS, moduleMatcher, rankPatternMatcher, type ModuleMatcher } from './module-pattern.ts';

/** A value for the modules that a pattern matches. */
export interface PatternValue {
  pattern: string;
  matches: ModuleMatcher;
  value: number;
}

export interface AdapterConfig {
  rank: number;
  alpha: number;
  /** Scale α/√r instead of α/r (rank-stabilized LoRA, Kalajdzievski 2023, arXiv 2312.03732). */
  rankStabilized: boolean;
  /** Ranks and α for modules whose name matches a pattern; the first match applies. */
  rankPattern: readonly PatternValue[];
  alphaPattern: readonly PatternValue[];
  /** Undefined if the file names no modules. */
  targetModules: ModuleMatcher | undefined;
  excludeModules: ModuleMatcher | undefined;
  /** `base_model_name_or_path`: a model id or a folder. */
  baseModel: string | undefined;
}

const FILE = 'adapter_config.json';

/** Unsupported entries that change the computation, and what they mean. Adapters that set them are rejected. */
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

/** Initializations that change the base weights, so the adapter does not fit the original weights. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/iu;

/** PEFT writes a few kilobytes, or a few hundred with patterns for each module of a large model. */
export const MAX_ADAPTER_CONFIG_BYTES = 4_000_000;
/** Larger than any hidden size, so no valid adapter exceeds it. */
const MAX_RANK = 65_536;

const patterns = v.nullish(record(positive(), MAX_PATTERNS));

const configSchema = object({
  bias: v.nullish(v.unknown()),
  fan_in_fan_out: v.nullish(flag()),
  init_lora_weights: v.nullish(v.unknown()),
  r: whole(1, MAX_RANK),
  lora_alpha: positive(),
  use_rslora: v.nullish(flag()),
  rank_pattern: patterns,
  alpha_pattern: patterns,
  target_modules: v.nullish(v.unknown()),
  exclude_modules: v.nullish(v.unknown()),
  base_model_name_or_path: v.nullish(v.string('a text')),
});

/** @throws AdapterError that names the entry, if this is not a LoRA adapter or one of an unsupported kind */
export function parseAdapterConfig(json: unknown): AdapterConfig {
  const fail = (reason: string) => new AdapterError(FILE, reason);
  if (!isJsonObject(json)) throw fail('not a JSON object');
  // Checks the kind of adapter first: other kinds may lack the numbers below.
  const type = json['peft_type'];
  if (type !== 'LORA') throw fail(`peft_type is ${JSON.stringify(type ?? null)}; only LORA adapters are run`);
  for (const [key, what] of REFUSED) {
    if (isSet(json[key])) throw fail(`${key} is set: ${what} is not supported, only plain LoRA`);
  }
  const config = check(configSchema, json, (_, issue) => fail(problem(issue)));
  const bias = config.bias ?? 'none';
  if (bias !== 'none') throw fail(`bias is ${shown(bias)}; Gemma 3 has no biases to train`);
  if (config.fan_in_fan_out === true) throw fail('fan_in_fan_out is set; the projections of Gemma 3 are not stored so');
  const init = config.init_lora_weights;
  if (typeof init === 'string' && CHANGES_BASE.test(init)) {
    throw fail(`init_lora_weights is "${init}", which changes the base weights; save it converted to plain LoRA`);
  }
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    rankStabilized: config.use_rslora === true,
    rankPattern: patternsOf(config.rank_pattern, 'rank_pattern', fail),
    alphaPattern: patternsOf(config.alpha_pattern, 'alpha_pattern', fail),
    targetModules: named('target_modules', fail, () => moduleMatcher(config.target_modules)),
    excludeModules: named('exclude_modules', fail, () => moduleMatcher(config.exclude_modules)),
    baseModel: config.base_model_name_or_path || undefined,
  };
}

/** PEFT writes null, false, and empty lists and objects for unused options. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false;
}

function problem(issue: v.BaseIssue<unknown>): string {
  const [name, module] = fieldKeys(issue);
  if (isMissing(issue)) return `"${name}" is missing`;
  const what = module === undefined ? 'is' : `gives "${shortened(String(module), 100)}"`;
  return `"${name}" ${what} ${shown(issue.input)}, expected ${issue.message}`;
}

function patternsOf(
  given: Readonly<Record<string, number>> | null | undefined,
  key: string,
  fail: (reason: string) => AdapterError,
): PatternValue[] {
  return Object.entries(given ?? {}).map(([name, value]): PatternValue => {
    const matches = named(`${key}" of "${shortened(name, 100)}`, fail, () => rankPatternMatcher(name));
    return { pattern: name, matches, value };
  });
}

/** Adds the name of the entry to pattern errors. */
function named<T>(entry: string, fail: (reason: string) => AdapterError, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof PatternError) throw fail(`"${entry}": ${cause.message}`);
    throw cause;
  }
}

export interface ModuleSettings {
  rank: number;
  /** s: α/r, or α/√r where it is rank-stabilized. */
  scale: number;
  /** True if PEFT would apply the adapter to this module. */
  isTarget: boolean;
}

/**
 * Settings of each module of one adapter. All pattern matches share one step budget.
 * @returns a function of a module's full name, e.g. `model.language_model.layers.0.self_attn.q_proj`
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
