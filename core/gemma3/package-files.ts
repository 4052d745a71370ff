/** The JSON files of a package that transformers.js and the page read besides the graphs. */
import { isJsonObject, type Json } from '../json.ts';
import type { Dtype } from './dtype.ts';
import { CheckpointError, type CheckpointFolder } from './checkpoint.ts';
import type { Gemma3Config } from './config.ts';
import { checkEndTokens } from './generation-config.ts';

/** Properties of the graphs that transformers.js reads from config.json. */
export interface LoadHints {
  /** dtype by graph; keys are transformers.js file names without suffix. */
  dtype: Record<string, Dtype>;
  /** Number of external data files by full file name of the graph. */
  externalData: Record<string, number>;
  /** Positions of the RoPE tables. */
  positions: number;
}

export interface SmallFiles {
  files: Map<string, Uint8Array | string>;
  /** Missing tokenizer files. */
  missing: string[];
}

export interface SmallFilesFolder extends Pick<CheckpointFolder, 'has' | 'json'> {
  bytes(file: string): Promise<Uint8Array>;
}

interface Configured {
  config: Gemma3Config;
  configJson: Json;
  /** Replaces the checkpoint's tokenizer.json. */
  tokenizer?: string;
}

const COPIED = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.json'];
const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json'];

/** @throws CheckpointError that names the file */
export async function smallFiles(
  checkpoint: Configured,
  folder: SmallFilesFolder,
  hints: LoadHints,
): Promise<SmallFiles> {
  const json = async (name: string): Promise<Json | undefined> =>
    (await folder.has(name)) ? await folder.json(name) : undefined;
  const files = new Map<string, Uint8Array | string>();
  const put = (name: string, content: Json) => files.set(name, `${JSON.stringify(content, null, 2)}\n`);

  const { configJson, config } = checkpoint;
  checkEndTokens(configJson, 'config.json', config.text.vocabularySize);
  if (isJsonObject(configJson['text_config']))
    checkEndTokens(configJson['text_config'], 'config.json (text_config)', config.text.vocabularySize);
  put('config.json', packageConfig(checkpoint, hints));
  const generation = (await json('generation_config.json')) ?? generationConfig(configJson);
  checkEndTokens(generation, 'generation_config.json', config.text.vocabularySize);
  put('generation_config.json', generation);
  for (const name of COPIED) {
    if (!(await folder.has(name))) continue;
    // What is copied has to be JSON, or the package cannot be opened; tokenizer.json, the large one, was read before.
    if (name !== 'tokenizer.json') await folder.json(name);
    files.set(name, await folder.bytes(name));
  }
  if (checkpoint.tokenizer !== undefined) files.set('tokenizer.json', checkpoint.tokenizer);

  const template = (await folder.has('chat_template.jinja'))
    ? new TextDecoder().decode(await folder.bytes('chat_template.jinja'))
    : ((await json('chat_template.json'))?.['chat_template'] ??
      (await json('tokenizer_config.json'))?.['chat_template']);
  // transformers.js reads the template of a processor only from this file.
  if (typeof template === 'string') files.set('chat_template.jinja', template);

  if (checkpoint.config.vision) {
    const processor = (await json('processor_config.json')) ?? {};
    const { image_processor: nested, ...rest } = processor;
    put('processor_config.json', {
      processor_class: 'Gemma3Processor',
      image_seq_length: checkpoint.config.vision.tokensPerImage,
      ...rest,
    });
    const preprocessor = {
      ...preprocessorConfig(checkpoint.config.vision.imageSize, checkpoint.config.vision.tokensPerImage),
      ...((await json('preprocessor_config.json')) ?? (isJsonObject(nested) ? nested : {})),
    };
    checkImageSize(preprocessor.size, checkpoint.config.vision.imageSize);
    put('preprocessor_config.json', preprocessor);
  }

  const missing: string[] = [];
  for (const name of TOKENIZER) if (!(await folder.has(name))) missing.push(name);
  return { files, missing };
}

/** The checkpoint's config.json with defaults filled in, positions limited to `positions`, and load hints. */
function packageConfig({ config, configJson }: Configured, hints: LoadHints): Json {
  const text: Json = {
    hidden_size: config.text.hiddenSize,
    intermediate_size: config.text.intermediateSize,
    num_hidden_layers: config.text.layers,
    num_attention_heads: config.text.heads,
    num_key_value_heads: config.text.keyValueHeads,
    head_dim: config.text.headDim,
    vocab_size: config.text.vocabularySize,
    sliding_window: config.text.slidingWindow,
    query_pre_attn_scalar: config.text.queryPreAttnScalar,
    rms_norm_eps: config.text.rmsNormEps,
  };
  const cut = { max_position_embeddings: hints.positions };
  const dtypes = new Set(Object.values(hints.dtype));
  const [only] = dtypes;
  const loading = {
    'transformers.js_config': {
      dtype: dtypes.size === 1 ? only : hints.dtype,
      use_external_data_format: hints.externalData,
      // transformers.js 3 reads this; version 4 queries the session.
      kv_cache_dtype: { fp16: 'float16', q4f16: 'float16' },
    },
  };
  if (config.architecture === 'Gemma3ForCausalLM') {
    return { model_type: 'gemma3_text', ...text, ...configJson, ...cut, ...loading };
  }
  const nested = isJsonObject(configJson['text_config']) ? configJson['text_config'] : {};
  return {
    model_type: 'gemma3',
    ...configJson,
    text_config: { model_type: 'gemma3_text', ...text, ...nested, ...cut },
    image_token_index: config.vision?.imageToken,
    mm_tokens_per_image: config.vision?.tokensPerImage,
    ...loading,
  };
}

/** Special tokens from config.json; defaults are those of Hugging Face's Gemma3TextConfig. */
function generationConfig(configJson: Json): Json {
  const text = isJsonObject(configJson['text_config']) ? configJson['text_config'] : {};
  const token = (key: string, fallback: number) => configJson[key] ?? text[key] ?? fallback;
  return {
    bos_token_id: token('bos_token_id', 2),
    eos_token_id: token('eos_token_id', 1),
    pad_token_id: token('pad_token_id', 0),
    do_sample: false,
  };
}

/** @throws CheckpointError for images of a size that the vision encoder does not take */
function checkImageSize(size: unknown, imageSize: number): void {
  if (isJsonObject(size) && size['width'] === imageSize && size['height'] === imageSize) return;
  throw new CheckpointError(
    `preprocessor_config.json: size is ${JSON.stringify(size)}, but the vision encoder takes images of ${imageSize} × ${imageSize} (image_size of vision_config); put the checkpoint's own file there`,
  );
}

/** Image processor settings of Gemma 3's checkpoints (google/gemma-3-4b-it). */
function preprocessorConfig(imageSize: number, tokensPerImage: number): Json & { size: unknown } {
  return {
    image_processor_type: 'Gemma3ImageProcessor',
    processor_class: 'Gemma3Processor',
    do_convert_rgb: true,
    do_resize: true,
    size: { height: imageSize, width: imageSize },
    resample: 2,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    do_pan_and_scan: null,
    image_seq_length: tokensPerImage,
  };
}
