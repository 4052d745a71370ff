/** Command line that writes a checkpoint of any Gemma 3 shape with random weights: `npm run random-checkpoint -- --help`. */
import { Option, type Command } from 'commander';
import { isJsonObject, type Json } from '#core/json.ts';
import type { FloatDtype } from '#core/safetensors/dtype.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { wholeNumber } from '../shared/options.ts';
import { OutputFolder } from '../shared/output-folder.ts';
import { progressBar } from '../shared/progress.ts';
import { parseJson, readWholeFile } from '../shared/read-file.ts';
import { presetConfig, PRESETS, textOnly, type PresetName } from './presets.ts';
import { randomCheckpointBytes, writeRandomCheckpoint, type KeyStyle } from './random-weights.ts';

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

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
    const { seed, dtype, keys, shardBytes } = flags;
    const shape = await readConfig(flags);
    const options = { config: flags.textOnly ? textOnly(shape) : shape, seed, dtype, keys, shardBytes };
    const bytes = randomCheckpointBytes(options);
    const note = (text: string) => printLine(io.stderr, text);
    const folder = await OutputFolder.create(flags.out, { bytes, command: 'random-checkpoint', note });
    const bar = progressBar(io.stderr, bytes, { unit: 'bytes' });
    try {
      const onProgress = (done: number) => bar.add(done);
      await writeRandomCheckpoint({ ...options, out: folder.partial, signal: io.signal, onProgress });
      await folder.commit();
    } catch (error) {
      await folder.discard();
      throw error;
    } finally {
      bar.stop();
    }
    printLine(io.stdout, `${flags.out}: ${(bytes / 1e6).toFixed(1)} MB of random weights`);
  });
}

async function readConfig({ preset, config }: Flags): Promise<Json> {
  if (preset) return presetConfig(preset);
  if (config === undefined) throw new CommandError('name a shape with --preset or --config');
  const json = parseJson(config, (await readWholeFile(config)).bytes);
  if (!isJsonObject(json)) throw new CommandError(`${config} is no JSON object; --config takes a config.json`);
  return json;
}

function createProgram(io: CommandIo): Command {
  return createCommand('random-checkpoint', io)
    .description('Writes a Gemma 3 checkpoint with random weights.')
    .addOption(new Option('--preset <name>', 'shape: 4b is MedGemma 4B').choices(PRESETS).conflicts('config'))
    .option('--config <file>', 'shape as a config.json')
    .requiredOption('--out <folder>', 'folder of the checkpoint; must be new or empty')
    .option('--seed <number>', 'seed; the same seed gives the same weights', wholeNumber(0), 1)
    .addOption(new Option('--dtype <dtype>', 'type of the weights').choices(['BF16', 'F16', 'F32']).default('BF16'))
    .addOption(
      new Option('--keys <style>', 'prefix of the decoder’s keys')
        .choices(['language_model.model', 'model.language_model'])
        .default('language_model.model'),
    )
    .option('--shard-bytes <bytes>', 'split into files of at most this size, with an index', wholeNumber(0))
    .option('--text-only', 'the decoder alone, as Gemma3ForCausalLM', false);
}
