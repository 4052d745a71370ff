/** `adapter_config.json` as PEFT writes it (peft/tuners/lora/config.py), as far as running an adapter needs it. */
import { AdapterError } from './error.ts';

export interface AdapterConfig {
  rank: number;
  alpha: number;
  /** Scale α/√r in place of α/r (rank-stabilized LoRA, Kalajdzievski 2023, arXiv 2312.03732). */
  rankStabilized: boolean;
  /** Ranks and α of single modules, by patterns of their names. */
  rankPattern: ReadonlyMap<string, number>;
  alphaPattern: ReadonlyMap<string, number>;
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
  ['modules_to_save', 'whole modules beside the adapter'],
  ['trainable_token_indices', 'trained rows of the embedding'],
  ['target_parameters', 'adapters on bare parameters'],
  ['layer_replication', 'repeated layers'],
];

/** MergeMethods to begin that change the base weights: such an adapter does not fit the weights it was made from. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq)/iu;

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
  return {
    rank,
    alpha: number('lora_alpha'),
    rankStabilized: json['use_rslora'] === true,
    rankPattern: pattern(json['rank_pattern'], 'rank_pattern', fail),
    alphaPattern: pattern(json['alpha_pattern'], 'alpha_pattern', fail),
    baseModel: typeof base === 'string' && base !== '' ? base : undefined,
  };
}

/** PEFT writes null, false, and empty lists and objects for what is not used. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false;
}

function pattern(value: unknown, key: string, fail: (reason: string) => AdapterError): Map<string, number> {
  if (value === undefined || value === null) return new Map();
  if (!isObject(value)) throw fail(`"${key}" is not an object`);
  const entries = Object.entries(value).map(([name, given]): [string, number] => {
    if (typeof given !== 'number' || !Number.isFinite(given) || given <= 0) {
      throw fail(`"${key}" gives "${name}" ${JSON.stringify(given)}, expected a positive number`);
    }
    try {
      new RegExp(name, 'u');
    } catch {
      throw fail(`"${key}" has "${name}", which is no regular expression`);
    }
    return [name, given];
  });
  return new Map(entries);
}

/**
 * Rank and scale of one module. @param module its whole name, e.g. `model.language_model.layers.0.self_attn.q_proj`.
 * Patterns match the end of the name from a dot on, the first that fits counts (peft.utils.other.get_pattern_key).
 */
export function scaling(config: AdapterConfig, module: string): { rank: number; scale: number } {
  const find = (patterns: ReadonlyMap<string, number>, otherwise: number): number => {
    for (const [name, value] of patterns) if (new RegExp(`^(.*\\.)?(${name})$`, 'u').test(module)) return value;
    return otherwise;
  };
  const rank = find(config.rankPattern, config.rank);
  const alpha = find(config.alphaPattern, config.alpha);
  return { rank, scale: alpha / (config.rankStabilized ? Math.sqrt(rank) : rank) };
}
