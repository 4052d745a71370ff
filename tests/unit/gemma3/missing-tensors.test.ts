/** What the message about missing tensors says of those that the files hold in their place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { matchTensors } from '#core/gemma3/checkpoint.ts';
import { parseConfig } from '#core/gemma3/config.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { fileSource, fixture } from '../../reference/node.ts';

const json: Record<string, unknown> = JSON.parse(readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8'));

async function match(rename: (name: string) => string, config: Record<string, unknown> = json): Promise<unknown> {
  const source = fileSource(join(fixture, 'checkpoint/model.safetensors'));
  const { tensors } = await readHeader(source);
  const stored = [...tensors.values()].map((entry) => ({ source, entry: { ...entry, name: rename(entry.name) } }));
  return matchTensors(parseConfig(config), stored);
}

test.each<[string, (name: string) => string, string]>([
  [
    'a prefix before every name',
    (name) => `_orig_mod.${name}`,
    '161 of 161 tensors that config.json asks for are missing, first "model.embed_tokens.weight"; the file holds 161 of other names, first "_orig_mod.',
  ],
  [
    'LoRA that is not merged',
    (name) => name.replace('q_proj.weight', 'q_proj.base_layer.weight'),
    'the file holds a LoRA adapter that is not merged',
  ],
])('%s', async (_, rename, message) => {
  await expect(match(rename)).rejects.toThrow(message);
});

test('a head that is untied and not stored', async () => {
  await expect(match((name) => name, { ...json, tie_word_embeddings: false })).rejects.toThrow(
    'first "lm_head.weight": tie_word_embeddings is false, so the output head has to be stored',
  );
});

test('nothing else is said where nothing else is known', async () => {
  const more = { ...json, text_config: { ...Object(json['text_config']), num_hidden_layers: 9 } };
  await expect(match((name) => name, more)).rejects.toThrow(/first "model\.layers\.8\.input_layernorm\.weight"$/u);
});
