/** docs/adapters.md and the table of LoraConfig's fields say the same; the shared cases are refused by their names. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { readAdapter } from '#core/lora/adapter.ts';
import { ADAPTER_FIELDS, REFUSED } from '#core/lora/config-fields.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { otherKind, otherKindText } from '#core/files/folder-kind.ts';
import { MemorySource } from '#core/memory-source.ts';

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url));
const json = (path: string): unknown => JSON.parse(file(path).toString());

it('docs/adapters.md lists every field with its treatment', () => {
  const page = file('../docs/adapters.md').toString();
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (computed|checked|neutral) /gmu)].map(([, name, how]) => [name, how]);
  expect(Object.fromEntries(rows)).toEqual(ADAPTER_FIELDS);
  expect(rows).toHaveLength(Object.keys(ADAPTER_FIELDS).length);
  for (const [name] of REFUSED) expect(ADAPTER_FIELDS[name]).toBe('checked');
});

it('takes every field as PEFT 0.21 writes it', () => {
  const written = { ...(json('fixtures/adapters/lora-ga.adapter_config.json') as object), init_lora_weights: true };
  expect(parseAdapterConfig(written)).toMatchObject({ rank: 8, alpha: 16, bias: 'none', savedModules: [] });
  expect(() => parseAdapterConfig({ ...written, init_lora_weights: 'lora_ga' })).toThrow(/changes the base weights/);
});

it('mlx-lm: the configuration, the weights and the folder are each named as MLX', async () => {
  expect(() => parseAdapterConfig(json('fixtures/adapters/mlx-lm/adapter_config.json'))).toThrow(/MLX adapter .*fuse/);
  const source = new MemorySource('adapters.safetensors', file('fixtures/adapters/mlx-lm/adapters.safetensors'));
  const model = parseConfig(json('fixtures/gemma3-tiny/checkpoint/config.json'));
  await expect(
    readAdapter(parseAdapterConfig({ peft_type: 'LORA', r: 8, lora_alpha: 8 }), source, model),
  ).rejects.toThrow(/an MLX adapter \(mlx-lm: lora_a, lora_b\); fuse it/);
  const folder = otherKind('adapter', ['adapter_config.json', 'adapters.safetensors']);
  expect(folder && otherKindText(folder)).toMatch(
    /^this is an MLX adapter \(mlx-lm\) \(adapters\.safetensors\); fuse it/,
  );
  expect(otherKind('adapter', ['adapter_config.json', 'adapter_model.safetensors'])).toBeUndefined();
});
