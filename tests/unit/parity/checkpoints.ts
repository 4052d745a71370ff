/** The fixture's weights as other checkpoints. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHeader } from '#core/safetensors/header.ts';
import { writeSafetensors } from '#core/safetensors/write.ts';
import { fileSource, fixture } from '../../reference/node.ts';

const config: Record<string, unknown> = JSON.parse(readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8'));

/** A Gemma3ForCausalLM: the decoder alone, with keys `model.…`. */
export async function writeTextOnly(out: string): Promise<void> {
  const text = { ...Object(config['text_config']), eos_token_id: config['eos_token_id'] };
  await write(out, { architectures: ['Gemma3ForCausalLM'], ...text, model_type: 'gemma3_text' }, (key) =>
    key.startsWith('language_model.model.') ? key.replace('language_model.', '') : undefined,
  );
}

/** The same model with the keys of transformers 4.52 and later. */
export async function writeNewKeys(out: string): Promise<void> {
  await write(out, config, (key) =>
    key
      .replace(/^language_model\.model\./, 'model.language_model.')
      .replace(/^(vision_tower|multi_modal_projector)\./, 'model.$1.'),
  );
}

/** Copies the tensors that `rename` gives a key. */
async function write(
  out: string,
  configJson: Record<string, unknown>,
  rename: (key: string) => string | undefined,
): Promise<void> {
  const source = fileSource(join(fixture, 'checkpoint/model.safetensors'));
  const { tensors } = await readHeader(source);
  const renamed = [];
  for (const { name, dtype, shape, begin, end } of tensors.values()) {
    const key = rename(name);
    if (key !== undefined) renamed.push({ name: key, dtype, shape, data: await source.read(begin, end - begin) });
  }
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'model.safetensors'), writeSafetensors(renamed));
  writeFileSync(join(out, 'config.json'), JSON.stringify(configJson));
}
