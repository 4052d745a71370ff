/** Names of the tensors in an adapter's file: PEFT's, and those by which other formats are known. */
import { printable } from '../printable.ts';
import type { TensorEntry } from '../safetensors/header.ts';
import { FUSE_WITH_MLX, MERGE_WITH_PEFT } from './next-steps.ts';

export type AdapterTensor =
  | {
      kind: 'half';
      /** Full name of the module in the model that was trained. */
      module: string;
      part: 'A' | 'B';
      /** True for LoRA on an embedding, whose halves are stored transposed. */
      isEmbedding: boolean;
    }
  | {
      kind: 'saved';
      /** Full name of the parameter: `….embed_tokens.weight`, `….q_proj.bias`. */
      parameter: string;
    };

const HALF = /^(.+)\.lora_(A|B)(?:\.default)?\.weight$/u;
/** A half as it is called in memory, by the name of an adapter that is not the default one. */
const NAMED_HALF = /\.lora_(?:A|B|embedding_A|embedding_B)\.([^.]+)(?:\.weight)?$/u;
const EMBEDDING_HALF = /^(.+)\.lora_embedding_(A|B)(?:\.default)?$/u;

/** @returns what PEFT stores under this name; undefined for a name of LoRA that is neither half of a pair */
export function adapterTensor(name: string): AdapterTensor | undefined {
  const inner = name.replace(/^base_model\.model\./u, '');
  for (const [pattern, isEmbedding] of [
    [HALF, false],
    [EMBEDDING_HALF, true],
  ] as const) {
    const [, module, part] = pattern.exec(inner) ?? [];
    if (module !== undefined && (part === 'A' || part === 'B')) return { kind: 'half', module, part, isEmbedding };
  }
  if (/lora|token_adapter/iu.test(inner)) return undefined;
  return {
    kind: 'saved',
    parameter: inner.replace(/\.modules_to_save(?:\.default)?\./u, '.').replace('.base_layer.', '.'),
  };
}

/** Formats that are not PEFT's, by a name that they alone have, and what to do. */
const OTHER_FORMATS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [
    /^lora_(unet|te\d?)_|^(transformer|unet|text_encoder)\..*lora/u,
    'a LoRA of an image generator (kohya, diffusers), not of Gemma 3',
  ],
  [
    /\.lora_(down|up)\.weight$/u,
    'a LoRA in the format of kohya or diffusers (lora_down, lora_up); convert it to PEFT’s lora_A and lora_B, or save it from the tool that trained it with PEFT',
  ],
  [/\.lora_[ab]$/u, `an MLX adapter (mlx-lm: lora_a, lora_b); ${FUSE_WITH_MLX}`],
  [
    /\.lora_[ab]\.weight$/u,
    'a LoRA of torchtune (lora_a.weight); save it as PEFT’s adapter (save_adapter_weights_only with FullModelHFCheckpointer)',
  ],
  [/\.(lokr|loha|hada|ia3)_|\.oft_|\.vera_lambda/u, `an adapter of another method than LoRA; ${MERGE_WITH_PEFT}`],
  [/\.lora_magnitude_vector/u, `DoRA (lora_magnitude_vector), not plain LoRA; ${MERGE_WITH_PEFT}`],
  [
    /\.adapter\.linear_(in|out)\.weight$/u,
    'a LoRA of NeMo or Megatron (linear_in, linear_out); export it to Hugging Face’s format there',
  ],
  [
    /\.token_adapter\./u,
    `trained rows of the embedding (trainable_token_indices), which are not supported; ${MERGE_WITH_PEFT}`,
  ],
];

/** @returns a sentence about the file as a whole; undefined if its names are PEFT's, or no known format's */
export function otherFormat(tensors: Iterable<TensorEntry>): string | undefined {
  let halves = 0;
  let others = 0;
  let adapterName: string | undefined;
  for (const { name } of tensors) {
    const known = OTHER_FORMATS.find(([pattern]) => pattern.test(name));
    if (known) return `tensor "${name}" shows that this is ${known[1]}`;
    if (adapterTensor(name)?.kind === 'half') halves++;
    else others++;
    adapterName ??= NAMED_HALF.exec(name)?.[1];
  }
  if (halves > 0 || others === 0) return undefined;
  if (adapterName !== undefined)
    return `its tensors carry the adapter's name ("${printable(adapterName)}": ….lora_A.${printable(adapterName)}.weight), which PEFT's save_pretrained leaves out; save the adapter with save_pretrained`;
  return 'holds whole weights and no LoRA tensor: a fully fine-tuned model, not an adapter; put it beside its config.json as model.safetensors and run npm run export -- --checkpoint FOLDER';
}
