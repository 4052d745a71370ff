/** An adapter as PEFT's save_pretrained writes it (peft 0.21): adapter_config.json and adapter_model.safetensors. */
import type { Gemma3Config } from '../../gemma3/config.ts';
import { PROJECTIONS } from '../../gemma3/projections.ts';
import { writeSafetensors } from '../../safetensors/write.ts';
import type { LoraLayout, LoraMatrix } from './parameters.ts';

export interface PeftFiles {
  /** Text of adapter_config.json. */
  config: string;
  /** adapter_model.safetensors, float32. */
  weights: Uint8Array;
}

/**
 * @param parameters [LoraLayout.length]
 * @param baseModel name of the model that the adapter says it belongs to: a name on Hugging Face's hub, or of a folder
 */
export function peftFiles(
  model: Gemma3Config,
  layout: LoraLayout,
  parameters: Float32Array<ArrayBuffer>,
  baseModel: string,
): PeftFiles {
  const { rank, alpha, targets } = layout.settings;
  const config = {
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: rank,
    rank_pattern: {},
    alpha_pattern: {},
    target_modules: targetModules(model, targets),
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
  const tensors = layout.matrices.map((matrix) => {
    const [rows, columns] = matrix.shape;
    const values = parameters.subarray(matrix.offset, matrix.offset + rows * columns);
    return {
      name: peftName(model, matrix),
      dtype: 'F32' as const,
      shape: matrix.shape,
      data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    };
  });
  // PEFT sorts names; transformers asks for the format.
  tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    config: `${JSON.stringify(config, null, 2)}\n`,
    weights: writeSafetensors(tensors, new Map([['format', 'pt']])),
  };
}

/** As the modules of transformers 4.52 and later are called. */
export function peftName(model: Gemma3Config, { layer, target, part }: LoraMatrix): string {
  const layers = model.architecture === 'Gemma3ForCausalLM' ? 'model.layers' : 'model.language_model.layers';
  const module = /^[qkvo]_/u.test(target) ? 'self_attn' : 'mlp';
  return `base_model.model.${layers}.${layer}.${module}.${target}.lora_${part}.weight`;
}

/** The names alone would also find the vision tower, whose attention has a q_proj too: there the pattern is for whole names. */
function targetModules(model: Gemma3Config, targets: LoraLayout['settings']['targets']): string | string[] {
  const chosen = PROJECTIONS.filter((target) => targets.includes(target));
  if (model.architecture === 'Gemma3ForCausalLM') return chosen;
  return `.*\\.language_model\\.layers\\.\\d+\\.\\w+\\.(${chosen.join('|')})`;
}
