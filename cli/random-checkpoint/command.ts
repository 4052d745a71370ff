/** Command line that writes a checkpoint of any Gemma 3 shape with random weights: `npm run random-checkpoint -- --help`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { isJsonObject, type Json } from '#core/json.ts';
import type { FloatDtype } from '#core/safetensors/dtype.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError, onFile } from '../shared/errors.ts';
import { wholeNumber } from '../shared/options.ts';
import { OutputFolder } from '../shared/output-folder.ts';
import { progressBar } from '../shared/progress.ts';
import { parseJson, readWholeFile } from '../shared/read-file.ts';
import { gemma3Files } from './gemma3-files.ts';
import { isPublished, presetConfig, PRESETS, textOnly, type PresetName } from '../shared/presets.ts';
import { writeStandInTokenizer } from './stand-in-tokenizer.ts';
import { randomCheckpointBytes, writeRandomCheckpoint, type KeyStyle } from './random-weights.ts';

/** Bytes of a file of published checkpoints: Hugging Face's default. */
const SHARD_BYTES = 5e9;

interface Flags {
  preset?: PresetName;
  layers?: number;
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
    const published = flags.preset !== undefined && isPublished(flags.preset);
    const { seed, dtype, keys, shardBytes = published ? SHARD_BYTES : undefined } = flags;
    const shape = await readConfig(flags);
    const options = { config: flags.textOnly ? textOnly(shape) : shape, seed, dtype, keys, shardBytes };
    const bytes = randomCheckpointBytes(options);
    const note = (text: string) => printLine(io.stderr, text);
    const folder = await OutputFolder.create(flags.out, { bytes, command: 'random-checkpoint', note });
    const bar = progressBar(io.stderr, bytes, { unit: 'bytes' });
    try {
      const onProgress = (done: number) => bar.add(done);
      await writeRandomCheckpoint({ ...options, out: folder.partial, signal: io.signal, onProgress });
      if (published) await writeFiles(folder.partial, await gemma3Files(options.config));
      if (flags.preset === 'tiny') await writeStandInTokenizer(folder.partial);
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

async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, content] of files) await onFile(join(folder, name), writeFile(join(folder, name), content));
}

async function readConfig({ preset, config, layers }: Flags): Promise<Json> {
  if (preset) return presetConfig(preset, layers);
  if (layers !== undefined) throw new CommandError('--layers shortens a shape of --preset; name one');
  if (config === undefined) throw new CommandError('name a shape with --preset or --config');
  const json = parseJson(config, (await readWholeFile(config)).bytes);
  if (!isJsonObject(json)) throw new CommandError(`${config} is no JSON object; --config takes a config.json`);
  return json;
}

function createProgram(io: CommandIo): Command {
  return createCommand('random-checkpoint', io)
    .description('Writes a Gemma 3 checkpoint with random weights.')
    .addOption(
      new Option('--preset <name>', 'shape; medgemma-* come with the tokenizer of Gemma 3, tiny with a stand-in')
        .choices(PRESETS)
        .conflicts('config'),
    )
    .option('--layers <count>', 'layers of the decoder (default: those of the shape)', wholeNumber(1))
    .option('--config <file>', 'shape as a config.json')
    .requiredOption('--out <folder>', 'folder of the checkpoint; must be new or empty')
    .option('--seed <number>', 'seed; the same seed gives the same weights', wholeNumber(0), 1)
    .addOption(new Option('--dtype <dtype>', 'type of the weights').choices(['BF16', 'F16', 'F32']).default('BF16'))
    .addOption(
      new Option('--keys <style>', 'prefix of the decoder’s keys')
        .choices(['language_model.model', 'model.language_model'])
        .default('language_model.model'),
    )
    .option(
      '--shard-bytes <bytes>',
      'split into files of at most this size, with an index (default: 5 GB for medgemma-*, else one file)',
      wholeNumber(0),
    )
    .option('--text-only', 'the decoder alone, as Gemma3ForCausalLM', false);
}
