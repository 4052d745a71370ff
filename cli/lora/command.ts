/** Command line that trains an adapter: `npm run lora -- --help`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { PROJECTIONS, type Projection } from '#core/gemma3/projections.ts';
import { textIds, type TrainingRow } from '#core/lora/training/batch.ts';
import { holdOut, readExamples } from '#core/lora/training/data-file.ts';
import { initialParameters, loraLayout, type LoraLayout } from '#core/lora/training/parameters.ts';
import { peftFiles } from '#core/lora/training/peft-files.ts';
import { LoraTrainer } from '#core/lora/training/trainer.ts';
import { decodeText, EncodingError } from '#core/text/encoding.ts';
import { isDecomposedHangul } from '#core/text/hangul.ts';
import { withLineFeeds } from '#core/text/line-ends.ts';
import { readParts, type PackageParts } from '../../workers/engine/opened.ts';
import { embedTokens } from '../../workers/engine/training/token-table.ts';
import { openTraining, trainingModels } from '../../workers/engine/training/open-training.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError, onFile } from '../shared/errors.ts';
import { explainingFailures } from '../shared/failures.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { commaList, numberWithin, wholeNumber } from '../shared/options.ts';
import { guessedEncoding } from '../shared/guessed-encoding.ts';
import { OutputFolder } from '../shared/output-folder.ts';
import { progressBar } from '../shared/progress.ts';
import { nodeBackend } from '../shared/runtime/node-backend.ts';
import { cardOf } from './card.ts';
import { encodeExamples } from './rows.ts';
import { runSteps, type TrainingCurve } from './run-steps.ts';

export interface Flags {
  package: string;
  data: string;
  out: string;
  rank: number;
  alpha?: number;
  targets: Projection[];
  steps: number;
  rate: number;
  warmup: number;
  batch: number;
  tokensAtOnce: number;
  clip: number;
  weightDecay: number;
  heldOut: number;
  reportEvery: number;
  seed: number;
  name?: string;
  threads?: number;
  json: boolean;
}

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  let kept = 'no adapter was written';
  return runCommand(io, () => train(args, io, (text) => (kept = text)), { stopped: () => kept });
}

/** @param onKept told what there is of a run that was stopped */
async function train(args: readonly string[], io: CommandIo, onKept: (text: string) => void): Promise<void> {
  const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
  const note = (text: string) => printLine(io.stderr, text);
  if (flags.rate === 0) note('note: with --rate 0 nothing is learnt, and the adapter will change no answer');
  const examples = readExamples(await textOf(flags.data, note), flags.data);
  const decomposed = examples.filter(({ question, answer }) => isDecomposedHangul(question + answer)).length;
  if (decomposed > 0)
    note(
      `note: ${decomposed} of ${examples.length} examples hold decomposed Hangul (NFD), which the adapter learns to read and write; save ${flags.data} as NFC to train on usual text`,
    );
  const reader = await FolderReader.open(flags.package, { wanted: 'package', recursive: true });
  const out = await OutputFolder.create(flags.out, { command: 'lora', note });
  try {
    await explainingFailures(reader, async () => {
      const parts = await readParts(reader);
      const layout = layoutOf(parts, flags);
      const { trained, heldOut } = holdOut(examples, flags.heldOut, flags.seed);
      note(
        `${trained.length} examples are trained on, ${heldOut.length} are held out; ${layout.length} numbers in ${layout.matrices.length} matrices`,
      );
      const backend = nodeBackend({ threads: flags.threads });
      const bar = progressBar(io.stderr, examples.length, { label: 'examples' });
      const input = { data: flags.data, parts, backend, signal: io.signal, onRow: () => bar.add(1) };
      const rows = await encodeExamples([...trained, ...heldOut], input).finally(() => bar.stop());
      const positions = longest(rows, parts, flags);
      const embeddings = await embedTokens(backend, parts.pack, rows.flatMap(textIds));
      const models = await trainingModels(parts.pack, layout, positions);
      const sessions = await openTraining(backend, parts.pack, models, heldOut.length > 0);
      try {
        const settings = settingsOf(flags);
        const start = initialParameters(layout, flags.seed);
        const trainer = new LoraTrainer(sessions.train, embeddings, rows.slice(0, trained.length), start, settings);
        const curve = await runSteps(
          { trainer, embeddings, measure: sessions.measure, heldOut: rows.slice(trained.length) },
          flags,
          io,
        );
        if (trainer.steps === 0) io.signal.throwIfAborted();
        const baseModel = flags.name ?? parts.pack.manifest?.name ?? reader.name;
        const { config, weights } = peftFiles(parts.pack.config, layout, trainer.parameters, baseModel);
        const card = cardOf(curve, {
          ...{ baseModel, dtype: parts.pack.decoder.dtype, data: flags.data, layout, settings },
          rows: { trained: trained.length, heldOut: heldOut.length },
        });
        await writeFiles(out, {
          'adapter_config.json': config,
          'adapter_model.safetensors': weights,
          'README.md': card,
        });
        print(curve, layout, flags, io);
      } finally {
        await sessions.release();
      }
    });
    await out.commit();
  } catch (error) {
    await out.discard();
    throw error;
  }
  onKept(`${flags.out} has the adapter as it was then`);
  io.signal.throwIfAborted();
}

/** @throws CommandError for what is no text, and for an encoding that cannot be told */
async function textOf(path: string, note: (text: string) => void): Promise<string> {
  const bytes = await onFile(path, readFile(path));
  try {
    const { text, encoding, guessed } = decodeText(bytes);
    if (guessed) note(`note: ${guessedEncoding(path, encoding)}`);
    return withLineFeeds(text);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw new CommandError(
      `${path} is no text that can be read; expected are JSON Lines (docs/training-data.md) in UTF-8`,
      { cause },
    );
  }
}

function layoutOf({ pack }: PackageParts, { rank, alpha = 2 * rank, targets }: Flags): LoraLayout {
  try {
    return loraLayout(pack.config.text, { rank, alpha, targets });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CommandError(`${cause.message}; take a smaller --rank, or other --targets`, { cause });
  }
}

/** @throws CommandError if a row is longer than the model's positions */
function longest(rows: readonly TrainingRow[], { pack }: PackageParts, { data }: Flags): number {
  const most = Math.max(...rows.map(({ ids }) => ids.length));
  const limit = pack.config.text.maxPositions;
  if (most <= limit) return most;
  throw new CommandError(
    `an example of ${data} takes ${most} tokens with its image, the model has ${limit}; shorten it`,
  );
}

function settingsOf({ batch, rate, warmup, steps, tokensAtOnce, clip, weightDecay, seed }: Flags) {
  return {
    ...{ steps, rate, warmupSteps: Math.min(warmup, steps), final: 0.05, batchRows: batch, tokensAtOnce, clip, seed },
    ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay },
  };
}

async function writeFiles(out: OutputFolder, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files))
    await writeFile(join(out.partial, name), content, { flush: true });
}

function print(curve: TrainingCurve, layout: LoraLayout, flags: Flags, io: CommandIo): void {
  const { rank, alpha, targets } = layout.settings;
  const about = { out: flags.out, rank, alpha, targets, parameters: layout.length, seed: flags.seed };
  if (flags.json) return printLine(io.stdout, JSON.stringify({ ...about, ...curve }, null, 2));
  printLine(
    io.stdout,
    `${flags.out}: adapter_config.json, adapter_model.safetensors, README.md; ${layout.length} numbers`,
  );
}

/** `q` or `q_proj`; `all` is all seven. */
function projections(text: string): Projection[] {
  if (text === 'all') return [...PROJECTIONS];
  const wanted = commaList(text);
  const unknown = wanted.find((name) => !PROJECTIONS.some((target) => isNamed(target, name)));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `There is no projection "${unknown}"; choose from ${PROJECTIONS.map((target) => target.replace('_proj', '')).join(', ')}, or all.`,
    );
  return PROJECTIONS.filter((target) => wanted.some((name) => isNamed(target, name)));
}

const isNamed = (target: Projection, name: string) => target === name || target === `${name}_proj`;

function createProgram(io: CommandIo): Command {
  return createCommand('lora', io)
    .description(
      'Trains a LoRA adapter for a model package on questions with wished answers, on the CPU, over the quantized weights as they are, ' +
        "and writes PEFT's two files and a card. Ctrl-C ends it after the step and writes what is trained; a second one ends it at once. The same seed gives the same adapter on the same machine.",
    )
    .requiredOption('--package <folder>', 'a model package, as `npm run export` writes it')
    .requiredOption(
      '--data <file>',
      'examples as JSON Lines (docs/training-data.md), such as questions.jsonl of `npm run phantoms`',
    )
    .requiredOption('--out <folder>', "folder of the adapter, PEFT's two files and README.md; must be new or empty")
    .option('--rank <number>', 'rank of A and B', wholeNumber(1), 8)
    .option(
      '--alpha <number>',
      'the update is scaled by alpha / rank (default: twice the rank)',
      numberWithin(1e-6, 1e6),
    )
    .option(
      '--targets <list>',
      'projections by commas: q, k, v, o, gate, up, down, or all',
      projections,
      projections('q,v,o'),
    )
    .option('--steps <number>', 'steps of the optimizer', wholeNumber(1), 300)
    .option('--rate <number>', 'largest learning rate', numberWithin(0, 10), 5e-3)
    .option(
      '--warmup <steps>',
      'steps in which the learning rate rises; behind them it falls by half a cosine to a twentieth',
      wholeNumber(0),
      20,
    )
    .option('--batch <rows>', 'examples of a step', wholeNumber(1), 24)
    .option(
      '--tokens-at-once <number>',
      'tokens of one run; gradients of a longer step are added up over several',
      wholeNumber(1),
      2048,
    )
    .option('--clip <norm>', 'largest norm of the gradient; 0 does not clip', numberWithin(0, 1e6), 1)
    .option('--weight-decay <number>', 'decoupled, of AdamW', numberWithin(0, 1), 0)
    .option(
      '--held-out <fraction>',
      'of images and questions that are measured and never trained on',
      numberWithin(0, 0.9),
      0.1,
    )
    .option('--report-every <steps>', 'steps between lines of progress', wholeNumber(1), 20)
    .option('--seed <number>', 'of A, of what is held out and of the order of examples', wholeNumber(0, 2 ** 31 - 1), 0)
    .option('--name <model>', 'base model for adapter_config.json (default: the name of the package)')
    .option('--threads <number>', 'number of threads (default: one for each core)', wholeNumber(1, 256))
    .option('--json', 'print settings and curve as JSON at the end', false);
}
