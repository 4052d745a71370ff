/** Detects checkpoints with quantized weights. They are rejected, since their tensors do not hold the weights themselves. */
import { isJsonObject, type Json } from '../json.ts';

/** Display name of each `quant_method` of transformers. */
const METHODS: Readonly<Record<string, string>> = {
  bitsandbytes: 'bitsandbytes',
  gptq: 'GPTQ',
  awq: 'AWQ',
  fp8: 'fp8',
  fbgemm_fp8: 'fp8 (FBGEMM)',
  'compressed-tensors': 'compressed-tensors (llm-compressor)',
  torchao: 'torchao',
  quanto: 'Quanto',
  hqq: 'HQQ',
  aqlm: 'AQLM',
  eetq: 'EETQ',
  mxfp4: 'MXFP4',
  modelopt: 'NVIDIA ModelOpt',
};

const UNNAMED = 'a method that config.json does not name';

/** @returns why the weights cannot be read and what to do; undefined if they are not quantized */
export function quantizedReason(config: Json): string | undefined {
  const name = quantizationOf(config);
  return (
    name &&
    `the weights are quantized with ${name}; this exporter reads BF16, F16 and F32. Export the original checkpoint${
      name.startsWith('MLX')
        ? ''
        : ', or dequantize this one first (model.dequantize() in transformers, where the method has it)'
    }`
  );
}

function quantizationOf(config: Json): string | undefined {
  const text = isJsonObject(config['text_config']) ? config['text_config'] : {};
  for (const part of [config, text]) {
    const quantization = part['quantization_config'] ?? part['compression_config'];
    if (quantization != null && !isJsonObject(quantization)) return UNNAMED;
    if (isJsonObject(quantization)) {
      const method = quantization['quant_method'];
      const bits = quantization['bits'];
      const width =
        quantization['load_in_4bit'] === true
          ? ' (4 bits)'
          : quantization['load_in_8bit'] === true
            ? ' (8 bits)'
            : typeof bits === 'number'
              ? ` (${bits} bits)`
              : '';
      if (typeof method === 'string') return `${Object.hasOwn(METHODS, method) ? METHODS[method] : method}${width}`;
      // Early bitsandbytes checkpoints have no quant_method.
      return width === '' ? UNNAMED : `bitsandbytes${width}`;
    }
    // mlx-lm and mlx-vlm write {"quantization": {"group_size": 64, "bits": 4}}.
    const mlx = part['quantization'];
    if (isJsonObject(mlx) && 'group_size' in mlx)
      return `MLX${typeof mlx['bits'] === 'number' ? ` (${mlx['bits']} bits)` : ''}`;
  }
  return undefined;
}
