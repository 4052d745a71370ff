/** `adapter_config.json` as PEFT writes it (peft/tuners/lora/config.py), limited to the fields needed for inference (config-fields.ts). */
import { shortened } from '../text/cut.ts';
import * as v from 'valibot';
import { isJsonObject, type Json } from '../json.ts';
import { StepBudget } from '../python-pattern/match.ts';
import { PatternError } from '../python-pattern/syntax.ts';
import {
  check,
  fieldKeys,
  flag,
  isMissing,
  list,
  object,
  positive,
  record,
  shown,
  text,
  whole,
} from '../schema/schema.ts';
import { ADAPTER_FIELDS, CHANGES_BASE, OTHER_TASKS, PLAIN_INITS, REFUSED } from './config-fields.ts';
import { AdapterError } from './error.ts';
import {
  layerOf,
  MAX_PATTERNS,
  MAX_STEPS,
  moduleMatcher,
  rankPatternMatcher,
  savedModuleMatcher,
  type ModuleMatcher,
} from './module-pattern.ts';
import { FUSE_WITH_MLX, MERGE_WITH_PEFT } from './next-steps.ts';

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
  /** True if `target_modules` is "all-linear": every linear layer but the output head. */
  isAllLinear: boolean;
  /** Indices of the layers that `target_modules` is limited to, and how a module's index is found. */
  layers: { indices: ReadonlySet<number>; of: ReturnType<typeof layerOf> } | undefined;
  /** Modules that were trained as a whole (`modules_to_save`); they have no LoRA. */
  savedModules: readonly { name: string; matches: ModuleMatcher }[];
  /** Biases that the file holds in place of the model's: of all layers, or of those with LoRA. */
  bias: 'none' | 'all' | 'lora_only';
  /** `base_model_name_or_path`: a model id or a folder. */
  baseModel: string | undefined;
}

const FILE = 'adapter_config.json';

/** PEFT writes a few kilobytes, or a few hundred with patterns for each module of a large model. */
export const MAX_ADAPTER_CONFIG_BYTES = 4_000_000;
/** Larger than any hidden size, so no valid adapter exceeds it. */
const MAX_RANK = 65_536;

const patterns = v.nullish(record(positive(), MAX_PATTERNS));

const names = (most: number) => v.nullish(v.union([text(), list(text(), most)], 'a name or a list of names'));

const configSchema = object({
  bias: v.nullish(v.picklist(['none', 'all', 'lora_only'], '"none", "all" or "lora_only"'), 'none'),
  fan_in_fan_out: v.nullish(flag()),
  init_lora_weights: v.nullish(v.unknown(), true),
  r: whole(1, MAX_RANK),
  lora_alpha: positive(),
  use_rslora: v.nullish(flag()),
  rank_pattern: patterns,
  alpha_pattern: patterns,
  target_modules: v.nullish(v.unknown()),
  exclude_modules: v.nullish(v.unknown()),
  layers_to_transform: v.nullish(
    v.union([whole(0), list(whole(0), MAX_PATTERNS)], 'a whole number or a list of whole numbers'),
  ),
  layers_pattern: names(MAX_PATTERNS),
  modules_to_save: names(MAX_PATTERNS),
  base_model_name_or_path: v.nullish(v.string('a text')),
});

/** @throws AdapterError that names the entry, if this is not a LoRA adapter or one of an unsupported kind */
export function parseAdapterConfig(json: unknown): AdapterConfig {
  const fail = (reason: string) => new AdapterError(FILE, reason);
  if (!isJsonObject(json)) throw fail('not a JSON object');
  // Checks the kind of adapter first: other kinds may lack the numbers below.
  refuseOtherKinds(json, fail);
  const config = check(configSchema, json, (_, issue) => fail(problem(issue)));
  if (config.fan_in_fan_out === true) throw fail('fan_in_fan_out is set; the projections of Gemma 3 are not stored so');
  refuseInit(config.init_lora_weights, fail);
  const { layers_to_transform: layers } = config;
  const indices = layers == null ? [] : typeof layers === 'number' ? [layers] : layers;
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    rankStabilized: config.use_rslora === true,
    rankPattern: patternsOf(config.rank_pattern, 'rank_pattern', fail),
    alphaPattern: patternsOf(config.alpha_pattern, 'alpha_pattern', fail),
    targetModules: named('target_modules', fail, () => moduleMatcher(config.target_modules)),
    excludeModules: named('exclude_modules', fail, () => moduleMatcher(config.exclude_modules)),
    isAllLinear: typeof config.target_modules === 'string' && config.target_modules.toLowerCase() === 'all-linear',
    layers:
      indices.length === 0
        ? undefined
        : {
            indices: new Set(indices),
            of: named('layers_pattern', fail, () => layerOf(listOf(config.layers_pattern))),
          },
    savedModules: listOf(config.modules_to_save).map((name) => ({
      name,
      matches: named('modules_to_save', fail, () => savedModuleMatcher(name)),
    })),
    bias: config.bias,
    baseModel: config.base_model_name_or_path || undefined,
  };
}

/** @throws AdapterError for an adapter of another library or method, and for fields that nothing is known of */
function refuseOtherKinds(json: Json, fail: (reason: string) => AdapterError): void {
  // mlx-lm and mlx-vlm write these and no peft_type.
  if (json['peft_type'] === undefined && ('lora_parameters' in json || 'fine_tune_type' in json))
    throw fail(`an MLX adapter (mlx-lm), not one of PEFT; ${FUSE_WITH_MLX}`);
  const type = json['peft_type'];
  if (type !== 'LORA')
    throw fail(
      `peft_type is ${shown(type ?? null)}; only LORA adapters are run${type == null ? '' : `: ${MERGE_WITH_PEFT}`}`,
    );
  for (const [key, what] of REFUSED)
    if (isSet(json[key])) throw fail(`${key} is set: ${what}; only plain LoRA is supported: ${MERGE_WITH_PEFT}`);
  const task = json['task_type'];
  if (OTHER_TASKS.includes(task))
    throw fail(`task_type is ${shown(task)}: an adapter with another output than Gemma 3's next token`);
  const unknown = Object.keys(json).find((key) => !Object.hasOwn(ADAPTER_FIELDS, key) && isSet(json[key]));
  if (unknown !== undefined)
    throw fail(
      `${JSON.stringify(shortened(unknown, 100))} is ${shown(json[unknown])}: no field of PEFT's LoraConfig that is known here, so it may change what the adapter computes; set it to null if it does not, else ${MERGE_WITH_PEFT}`,
    );
}

function refuseInit(init: unknown, fail: (reason: string) => AdapterError): void {
  if (PLAIN_INITS.includes(init)) return;
  if (typeof init === 'string' && CHANGES_BASE.test(init))
    throw fail(
      `init_lora_weights is ${shown(init)}, which changes the base weights; save it converted to plain LoRA (path_initial_model_for_weight_conversion of PEFT's save_pretrained)`,
    );
  throw fail(
    `init_lora_weights is ${shown(init)}: nothing is known here of this initialization, which may change the base weights; ${MERGE_WITH_PEFT}`,
  );
}

function listOf(entry: string | readonly string[] | null | undefined): readonly string[] {
  if (entry == null || entry === '') return [];
  return typeof entry === 'string' ? [entry] : entry;
}

/** PEFT writes null, false, and empty texts, lists and objects for unused options. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== '';
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
}

export interface ModuleRules {
  /** @param module full name, e.g. `model.language_model.layers.0.self_attn.q_proj` */
  settings: (module: string) => ModuleSettings;
  /** True if PEFT would apply the adapter to this module. */
  isTarget: (module: string) => boolean;
}

/** What a configuration says of each module. All pattern matches of the result share one step budget. */
export function moduleRules(config: AdapterConfig): ModuleRules {
  const budget = new StepBudget(MAX_STEPS);
  const fail = (reason: string) => new AdapterError(FILE, reason);
  const find = (key: string, patterns: readonly PatternValue[], module: string): number | undefined =>
    named(key, fail, () => patterns.find(({ matches }) => matches(module, budget))?.value);
  const isInLayers = (module: string): boolean => {
    if (config.layers === undefined) return true;
    const layer = config.layers.of(module, budget);
    return layer !== undefined && config.layers.indices.has(layer);
  };
  return {
    settings(module) {
      const rank = find('rank_pattern', config.rankPattern, module) ?? config.rank;
      const alpha = find('alpha_pattern', config.alphaPattern, module) ?? config.alpha;
      return { rank, scale: alpha / (config.rankStabilized ? Math.sqrt(rank) : rank) };
    },
    isTarget: (module) =>
      named('target_modules', fail, () => config.targetModules?.(module, budget) ?? true) &&
      named('layers_pattern', fail, () => isInLayers(module)) &&
      !named('exclude_modules', fail, () => config.excludeModules?.(module, budget) ?? false) &&
      !named('modules_to_save', fail, () => config.savedModules.some(({ matches }) => matches(module, budget))),
  };
}
