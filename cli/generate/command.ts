/** Command line of `npm run generate -- --help`: a model package answers in the terminal. */
import { Option, type Command } from 'commander';
import type { ChatMessage } from '#core/chat/message.ts';
import { printable } from '#core/printable.ts';
import type { ModelInfo, PromptLookup } from '#core/protocol/engine.ts';
import { TurnMeter } from '../../workers/engine/generation/meter.ts';
import { runTurn } from '../../workers/engine/generation/turn.ts';
import type { OpenedModel } from '../../workers/engine/opened.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { explainingFailures } from '../shared/failures.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { finiteNumber, numberWithin, wholeNumber } from '../shared/options.ts';
import { applyAdapter, openModel } from '../shared/runtime/open-model.ts';
import { figuresTable, tokensPerSyllable, type AnswerFigures } from './figures.ts';
import { imagePart } from './images.ts';
import { AnswerPrinter } from './printer.ts';

interface Flags {
  package: string;
  image: string[];
  adapter?: string;
  strength?: number;
  system: string;
  maxTokens: number;
  temperature: number;
  topK: number;
  topP: number;
  repetitionPenalty: number;
  seed: number;
  promptLookup: PromptLookup;
  context: number;
  threads?: number;
  json: boolean;
}

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, () => generate(args, io), { stopped: 'the answer ends here' });
}

async function generate(args: readonly string[], io: CommandIo): Promise<void> {
  const program = createProgram(io).parse(args, { from: 'user' });
  const flags = program.opts<Flags>();
  const prompt = promptOf(program.args[0], flags);
  const note = (text: string) => printLine(io.stderr, `note: ${printable(text)}`);
  const reader = await FolderReader.open(flags.package, { wanted: 'package', recursive: true });
  await explainingFailures(reader, async () => {
    const messages = await messagesOf(flags, prompt, note, io.signal);
    const begin = performance.now();
    printLine(io.stderr, `opening ${reader.name} …`);
    const { context: contextLength, threads } = flags;
    const opened = await openModel(reader, { contextLength, threads, signal: io.signal });
    try {
      if (flags.adapter !== undefined) await adapt(opened, flags.adapter, flags.strength ?? 1, note, io.signal);
      const openMilliseconds = performance.now() - begin;
      aboutModel(opened.model.info, note);
      await answer(opened, messages, flags, openMilliseconds, io);
    } finally {
      await opened.model.dispose();
    }
  });
}

/** @throws the reason of the signal where it stopped the answer; the text and the figures so far are printed before */
async function answer(
  opened: OpenedModel,
  messages: readonly ChatMessage[],
  flags: Flags,
  openMilliseconds: number,
  io: CommandIo,
): Promise<void> {
  const { temperature, topK, topP, repetitionPenalty, seed, maxTokens: maxNewTokens } = flags;
  const sampling = { temperature, topK, topP, repetitionPenalty, seed };
  const request = { messages, sampling, maxNewTokens, promptLookup: flags.promptLookup };
  const meter = new TurnMeter();
  const printer = new AnswerPrinter(io, !flags.json);
  const reason = await runTurn({ ...opened, request, signal: io.signal, meter, emit: printer.update }).finally(() =>
    printer.end(),
  );
  const { text, thought, ids } = printer;
  const figures: AnswerFigures = {
    turn: meter.stats(),
    reason,
    tokensPerSyllable: tokensPerSyllable(text, ids.length),
    openMilliseconds,
    // In KiB.
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
  if (flags.json)
    printLine(io.stdout, JSON.stringify({ text, thought, ids, ...figures, model: opened.model.info }, null, 2));
  else printLine(io.stderr, `\n${figuresTable(figures)}`);
  io.signal.throwIfAborted();
}

async function messagesOf(
  { image, system }: Flags,
  prompt: string,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<ChatMessage[]> {
  const images = [];
  for (const path of image) images.push(await imagePart(path, note, signal));
  const question: ChatMessage = { role: 'user', content: [...images, { type: 'text', text: prompt }] };
  return system === '' ? [question] : [{ role: 'system', content: [{ type: 'text', text: system }] }, question];
}

async function adapt(
  opened: OpenedModel,
  folder: string,
  strength: number,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const info = await applyAdapter(opened, folder, strength, signal);
  if (info?.missing)
    note(`${folder} names ${info.missing.count} modules that it has no weights for, among them ${info.missing.first}`);
}

/** What should be known before an answer is believed. */
function aboutModel(
  { name, randomWeights, imageAttention }: Pick<ModelInfo, 'name' | 'randomWeights' | 'imageAttention'>,
  note: (text: string) => void,
): void {
  if (randomWeights) note(`${name} has random weights, which were never trained: its answer means nothing`);
  if (imageAttention === 'causal')
    note(
      `${name} is of another exporter: the tokens of an image see only those before them, which Gemma 3 does not intend`,
    );
}

/** @throws CommandError */
function promptOf(prompt: string | undefined, { package: folder, adapter, strength }: Flags): string {
  if (strength !== undefined && adapter === undefined)
    throw new CommandError('--strength says how much of an adapter is added; name one with --adapter');
  if (prompt === undefined || prompt.trim() === '')
    throw new CommandError(
      `there is no prompt; write it last, in quotes: npm run generate -- --package ${folder} "PROMPT"`,
    );
  return prompt;
}

function createProgram(io: CommandIo): Command {
  const collect = (path: string, before: string[]) => [...before, path];
  return createCommand('generate', io)
    .description(
      'Lets a model package answer a prompt, on the CPU, with the engine of the page. The answer goes to stdout as it is generated; ' +
        'thoughts, progress and figures go to stderr. Ctrl-C ends the answer.',
    )
    .argument('[prompt]', 'the question, in quotes')
    .requiredOption('--package <folder>', 'a model package, as `npm run export` writes it')
    .option('--image <file>', 'an image before the question; may be given several times', collect, [])
    .option('--adapter <folder>', "apply a LoRA adapter (PEFT's folder)")
    .option('--strength <number>', 'factor of the adapter: 1 is as trained (default: 1)', finiteNumber)
    .option('--system <text>', 'system text before the question', '')
    .option('--max-tokens <number>', 'longest answer', wholeNumber(1), 1024)
    .option('--temperature <number>', '0 always takes the most probable token', numberWithin(0, 2), 0)
    .option(
      '--top-k <number>',
      'with a temperature: the most probable tokens to choose from; 0 is all',
      wholeNumber(0),
      64,
    )
    .option(
      '--top-p <number>',
      'with a temperature: probability that the tokens to choose from reach',
      numberWithin(0.05, 1),
      0.95,
    )
    .option(
      '--repetition-penalty <number>',
      'divides the logits of tokens that are there already; 1 is off',
      numberWithin(1, 2),
      1,
    )
    .option(
      '--seed <number>',
      'with a temperature: the same seed gives the same answer',
      wholeNumber(0, 0xffffffff),
      42,
    )
    .addOption(
      new Option(
        '--prompt-lookup <mode>',
        'drafts from prompt and answer, verified in one run, at temperature 0: auto does it where it is measured to be faster',
      )
        .choices(['on', 'off', 'auto'])
        .default('off'),
    )
    .option(
      '--context <tokens>',
      'longest prompt and answer together; cut to what the package can do',
      wholeNumber(2),
      4096,
    )
    .option('--threads <number>', 'number of threads (default: one for each core)', wholeNumber(1, 256))
    .option('--json', 'print the answer, its token ids and the figures as JSON at the end', false);
}
