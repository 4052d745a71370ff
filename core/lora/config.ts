/** `adapter_config.json` as PEFT writes it (peft/tuners/lora/config.py), as far as running an adapter needs it. */
import * as v from 'valibot';
import { check, fieldKeys, flag, isMissing, object, positive, record, shown, whole } from '../schema/schema.ts';
import { isJsonObject } from '../json.ts';
import { AdapterError } from './error.ts';

/** PEFT writes some kilobytes; patterns for each module of a large model some hundred. */
export const MAX_ADAPTER_CONFIG_BYTES = 4_000_000;
/** More than any hidden size: a higher rank is none. */
const MAX_RANK = 65_536;
/** One for each module of 1,000 layers. */
const MAX_PATTERNS = 10_000;

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

/** A regular expression that runs in time on every name: bounded in length, repetitions, and no repeated groups. */
const pattern = v.pipe(
  v.string(),
  v.maxLength(500, 'a pattern of at most 500 characters'),
  v.check((name) => !/\)[*+{?]/u.test(name), 'a pattern without repeated groups'),
  v.check((name) => (name.match(/[*+{]/gu)?.length ?? 0) <= 3, 'a pattern with at most three repetitions'),
);

const patterns = v.nullish(record(positive(), MAX_PATTERNS));

const configSchema = object({
  peft_type: v.optional(v.unknown()),
  bias: v.nullish(v.unknown()),
  fan_in_fan_out: v.nullish(flag()),
  init_lora_weights: v.nullish(v.unknown()),
  r: whole(1, MAX_RANK),
  lora_alpha: positive(),
  use_rslora: v.nullish(flag()),
  rank_pattern: patterns,
  alpha_pattern: patterns,
  base_model_name_or_path: v.nullish(v.string('a text')),
});

/** What says which kind of adapter it is comes before its numbers: of another kind they may be missing. */
const kindSchema = record(v.unknown(), 1000);

/** @throws AdapterError naming the entry, for what is no LoRA adapter or one of a kind that is not run here */
export function parseAdapterConfig(json: unknown): AdapterConfig {
  const fail = (reason: string) => new AdapterError(FILE, reason);
  const kind = check(kindSchema, json, () => fail('not a JSON object'));
  const type = kind['peft_type'];
  if (type !== 'LORA') throw fail(`peft_type is ${JSON.stringify(type ?? null)}; only LORA adapters are run`);
  for (const [key, what] of REFUSED) {
    if (isSet(kind[key])) throw fail(`${key} is set: ${what} is not supported, only plain LoRA`);
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
    rankPattern: patternsOf(config.rank_pattern, 'rank_pattern'),
    alphaPattern: patternsOf(config.alpha_pattern, 'alpha_pattern'),
    baseModel: config.base_model_name_or_path || undefined,
  };
}

/** PEFT writes null, false, and empty lists and objects for what is not used. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false;
}

function problem(issue: v.BaseIssue<unknown>): string {
  const [name, module] = fieldKeys(issue);
  if (isMissing(issue)) return `"${name}" is missing`;
  const what = module === undefined ? 'is' : `gives ${shown(module)}`;
  return `"${name}" ${what} ${shown(issue.input)}, expected ${issue.message}`;
}

function patternsOf(given: Readonly<Record<string, number>> | null | undefined, key: string): Map<string, number> {
  const fail = (reason: string) => new AdapterError(FILE, `"${key}" has ${reason}`);
  for (const name of Object.keys(given ?? {})) {
    check(pattern, name, (_, { message }) => fail(`${shown(name)}, expected ${message}`));
    try {
      new RegExp(name, 'u');
    } catch {
      throw fail(`${shown(name)}, which is no regular expression`);
    }
  }
  return new Map(Object.entries(given ?? {}));
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
