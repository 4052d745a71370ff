/** Command line of the exporter: `npm run export -- --help`. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ROW_INITS, type RowInit } from '#core/embedding/new-row.ts';
import { RECOMMENDED_PACK } from '#core/tokenizer/korean/shipped-packs.ts';
import { DEFAULT_METHOD, VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { distinctBytes, type Teaches, TEACHES } from '#core/protocol/manifest.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { QUANT_METHODS, type QuantMethod } from '#core/quant/settings.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { finiteNumber, wholeNumber } from '../shared/options.ts';
import { packPath } from '../shared/pack-file.ts';
import { progressBar } from '../shared/progress.ts';
import type { AdapterOptions } from './adapter.ts';
import { exportPackage, type KoreanOptions } from './export-package.ts';
import { computeSelfTest } from './self-test.ts';

const DTYPES: readonly Dtype[] = ['q4', 'q4f16', 'q8', 'fp16', 'fp32', 'q2'];

interface Flags {
  checkpoint: string;
  out: string;
  dtype: Dtype;
  visionDtype?: Dtype;
  blockSize: number;
  method?: QuantMethod;
  context: number;
  name?: string;
  randomWeights: boolean;
  teaches?: Teaches;
  notice: string;
  threads?: number;
  /** True: without a value, the recommended pack. */
  korean?: string | true;
  init?: RowInit;
  untie?: true;
  /** False: --no-adapter. */
  adapter?: string | false;
  strength?: number;
  /** False: --no-self-test. */
  selfTest: boolean;
}

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
    const manifest = await exportPackage(
      {
        ...flags,
        name: flags.name,
        teaches: flags.teaches,
        visionDtype: flags.visionDtype ?? VISION_DTYPE[flags.dtype],
        method: flags.method ?? DEFAULT_METHOD[flags.dtype],
        korean: koreanOptions(flags),
        adapter: adapterOptions(flags),
        selfTest: flags.selfTest ? computeSelfTest : undefined,
      },
      {
        note: (text) => printLine(io.stderr, text),
        warn: (text) => printLine(io.stderr, `warning: ${text}`),
        progress: (bytes) => progressBar(io.stderr, bytes, { unit: 'bytes' }),
        signal: io.signal,
      },
    );
    const files = Object.values(manifest.files);
    const bytes = distinctBytes(files);
    printLine(io.stdout, `${flags.out}: ${manifest.name}, ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
    if ('tokenizer.json' in manifest.files)
      printLine(io.stdout, `try it: npm run generate -- --package ${quoted(flags.out)} "안녕하세요?"`);
  });
}

/** As shells take it. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

function createProgram(io: CommandIo): Command {
  return createCommand('export', io)
    .description(
      'Turns a Hugging Face checkpoint of Gemma 3 into a model package for the page and for transformers.js.',
    )
    .requiredOption('--checkpoint <folder>', 'folder with config.json and safetensors')
    .requiredOption('--out <folder>', 'folder of the package; must be new or empty')
    .addOption(
      new Option(
        '--dtype <dtype>',
        'precision of decoder and embeddings; q4f16: q4 with a second decoder over the same weights that computes in fp16; q2 is for comparison',
      )
        .choices(DTYPES)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--vision-dtype <dtype>',
        'precision of the vision encoder (default: q8 for q4, q4f16 and q2, else --dtype)',
      ).choices(DTYPES.filter((dtype) => dtype !== 'q4f16')),
    )
    .option('--block-size <weights>', 'weights that share a scale: 16, 32, 64, 128 or 256', blockSize, 32)
    .addOption(
      new Option(
        '--method <how>',
        'how scales of quantized weights are chosen: round takes the largest weight of a block, search tries many and takes the one with the least error (default: search for q4, q4f16 and q2, else round)',
      ).choices(QUANT_METHODS),
    )
    .option('--threads <count>', 'threads that quantize (default: one per core; 1 for small models)', wholeNumber(1))
    .option('--context <tokens>', 'longest context the package can run', wholeNumber(1), 8192)
    .option('--name <name>', 'name shown in the page (default: folder name of the checkpoint)')
    .option('--random-weights', 'mark the weights as random, never trained', false)
    .addOption(
      new Option(
        '--teaches <what>',
        'mark a teaching model: the page offers questions that it can answer and checks the answers',
      ).choices(TEACHES),
    )
    .option('--notice <text>', 'origin of the weights and their terms', '')
    .option(
      '--korean [pack]',
      `add the tokens of a pack, a file of "npm run korean" or a name of public/korean (without a value: ${RECOMMENDED_PACK}): merged tokenizer, grown embedding and head; for a checkpoint with its base tokenizer`,
    )
    .addOption(
      new Option(
        '--init <how>',
        "new rows: mean of the token's base subwords, its first subword, or random (normal, initializer_range; seeded by the id); the last two are for comparison (default: mean)",
      ).choices(ROW_INITS),
    )
    .option(
      '--untie',
      'separate the output head from the embedding; its new rows are those of the first subword (EEVE), and --init is for the input',
    )
    .option('--adapter <folder>', "add a LoRA adapter (PEFT's folder) to the weights before they are quantized")
    .option('--no-adapter', "export the model alone where an adapter lies in the checkpoint's folder")
    .option(
      '--no-self-test',
      'leave out the values by which the page tells whether a device computes the model right; they are computed at the end, which takes as much memory as answering',
    )
    .option('--strength <number>', 'factor of the adapter: 1 is as trained (default: 1)', finiteNumber);
}

/** MatMulNBits takes powers of two from 16. */
function blockSize(text: string): number {
  const value = Number(text);
  if (![16, 32, 64, 128, 256].includes(value)) throw new InvalidArgumentError('Expected 16, 32, 64, 128 or 256.');
  return value;
}

function koreanOptions({ korean, init, untie }: Flags): KoreanOptions | undefined {
  if (korean !== undefined)
    return { pack: packPath(korean === true ? undefined : korean), init: init ?? 'mean', untie: untie ?? false };
  if (init === undefined && untie === undefined) return undefined;
  throw new CommandError('--init and --untie say how the tokens of a pack are added; name one with --korean');
}

function adapterOptions({ adapter, strength }: Flags): AdapterOptions | false | undefined {
  if (adapter === false && strength === undefined) return false;
  if (adapter !== undefined && adapter !== false) return { folder: adapter, strength: strength ?? 1 };
  if (strength === undefined) return undefined;
  throw new CommandError('--strength says how much of an adapter is added; name one with --adapter');
}
