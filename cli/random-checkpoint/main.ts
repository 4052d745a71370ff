/** `npm run random-checkpoint -- --preset mid --out DIR`: a checkpoint of any Gemma 3 shape, never trained. */
import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { FloatDtype } from '#core/safetensors/dtype.ts';
import { isJsonObject, type Json } from '#core/json.ts';
import { presetConfig, PRESETS, textOnly, type PresetName } from './presets.ts';
import { writeRandomCheckpoint, type KeyStyle } from './random-weights.ts';

interface Flags {
  preset?: PresetName;
  config?: string;
  out: string;
  seed: number;
  dtype: FloatDtype;
  keys: KeyStyle;
  shardBytes?: number;
  textOnly: boolean;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number.');
  return value;
}

async function configOf(flags: Flags): Promise<Json> {
  if (flags.preset) return presetConfig(flags.preset);
  if (!flags.config) throw new Error('one of --preset and --config is needed');
  const json: unknown = JSON.parse(await readFile(flags.config, 'utf8'));
  if (!isJsonObject(json)) throw new Error(`${flags.config} is not a JSON object`);
  return json;
}

const flags = new Command('random-checkpoint')
  .description('Writes a Gemma 3 checkpoint with random weights.')
  .addOption(new Option('--preset <name>', 'shape: 4b is MedGemma 4B').choices(PRESETS).conflicts('config'))
  .option('--config <file>', 'shape as a config.json')
  .requiredOption('--out <folder>', 'folder of the checkpoint')
  .option('--seed <number>', 'same seed, same weights', whole, 1)
  .addOption(new Option('--dtype <dtype>').choices(['BF16', 'F16', 'F32']).default('BF16'))
  .addOption(
    new Option('--keys <style>', 'start of the decoder’s keys')
      .choices(['language_model.model', 'model.language_model'])
      .default('language_model.model'),
  )
  .option('--shard-bytes <bytes>', 'split into files of at most this size, with an index', whole)
  .option('--text-only', 'the decoder alone, as Gemma3ForCausalLM', false)
  .parse()
  .opts<Flags>();

const config = await configOf(flags);
await writeRandomCheckpoint({
  config: flags.textOnly ? textOnly(config) : config,
  out: flags.out,
  seed: flags.seed,
  dtype: flags.dtype,
  keys: flags.keys,
  shardBytes: flags.shardBytes,
});
