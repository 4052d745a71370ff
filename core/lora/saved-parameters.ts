/** Parameters that an adapter's file holds as a whole: modules_to_save, biases, and the embedding of a resized vocabulary. */
import type { ByteSource } from '../bytes.ts';
import { canonicalName } from '../gemma3/parameters.ts';
import { isFloatDtype, type FloatDtype } from '../safetensors/dtype.ts';
import type { TensorEntry } from '../safetensors/header.ts';
import type { AdapterConfig } from './config.ts';
import { AdapterError } from './error.ts';
import { MERGE_WITH_PEFT } from './next-steps.ts';
import { adapterTensor } from './tensor-names.ts';

/** A parameter that the file holds in place of the model's. */
export interface SavedParameter {
  /** Canonical name. */
  parameter: string;
  entry: TensorEntry & { dtype: FloatDtype };
  source: ByteSource;
  /** True if it is a copy of its own (`modules_to_save`): a tied head or embedding does not follow it. */
  isCopy: boolean;
}

const TABLES = new Set(['model.embed_tokens.weight', 'lm_head.weight']);

/**
 * @param parameter full name in the model that was trained
 * @throws AdapterError for a tensor that the configuration gives no reason for
 */
export function savedParameter(
  config: AdapterConfig,
  parameter: string,
  entry: TensorEntry,
  source: ByteSource,
): SavedParameter {
  const { name, dtype } = entry;
  const fail = (reason: string) => new AdapterError(source.name, reason);
  const canonical = canonicalName(parameter);
  const isCopy = config.savedModules.some((entry) => isInside(parameter, entry.name));
  const isBias = parameter.endsWith('.bias') && config.bias !== 'none';
  // PEFT stores the tables too where the vocabulary was resized, or LoRA is on one of them (save_embedding_layers).
  if (!isCopy && !isBias && !TABLES.has(canonical))
    throw fail(
      `tensor "${name}" is not half of a LoRA pair (….lora_A.weight, ….lora_B.weight), and modules_to_save does not name it; ${MERGE_WITH_PEFT}`,
    );
  if (!isFloatDtype(dtype)) throw fail(`tensor "${name}" is ${dtype}; expected F32, F16 or BF16`);
  return { parameter: canonical, entry: { ...entry, dtype }, source, isCopy };
}

/** Whether a parameter belongs to a module whose name ends with `entry` (peft.utils.other.set_additional_trainable_modules). */
function isInside(parameter: string, entry: string): boolean {
  const parts = parameter.split('.');
  return parts.some((_, at) => at > 0 && parts.slice(0, at).join('.').endsWith(entry));
}

/**
 * @param keys names of all tensors of the file
 * @param shapes parameters of the model
 * @throws AdapterError if modules_to_save names a module of the model that the file does not hold
 */
export function checkAllSaved(
  config: AdapterConfig,
  saved: readonly SavedParameter[],
  keys: readonly string[],
  shapes: ReadonlyMap<string, readonly number[]>,
  fail: (reason: string) => AdapterError,
): void {
  const held = new Set(saved.map(({ parameter }) => parameter));
  // Parameters that LoRA is on are none of a saved module.
  const withPairs = new Set(
    keys.flatMap((key) => {
      const tensor = adapterTensor(key);
      return tensor?.kind === 'half' ? [canonicalName(`${tensor.module}.weight`)] : [];
    }),
  );
  // A model that was trained without its vision tower has none of its modules.
  const isVision = (name: string) => /vision_tower|multi_modal_projector/u.test(name);
  const hasVision = [...keys, ...config.savedModules.map(({ name }) => name)].some(isVision);
  for (const { name } of config.savedModules)
    for (const parameter of shapes.keys())
      if (
        (hasVision || !isVision(parameter)) &&
        isInside(parameter, canonicalName(name)) &&
        !held.has(parameter) &&
        !withPairs.has(parameter)
      )
        throw fail(
          `holds no ${parameter}, although modules_to_save of adapter_config.json names "${name}"; save the adapter again, with the module that was trained`,
        );
}
