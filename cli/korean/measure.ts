/** `npm run korean -- measure` */
import { pairsMeasures, TextMeter, type PairsMeasure, type TextMeasure } from '#core/tokenizer/statistics/measure.ts';
import { pairOf } from '#core/tokenizer/statistics/pairs.ts';
import { reach, type Reach } from '#core/tokenizer/korean/reachable.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { Pause, progressBar } from '../shared/progress.ts';
import { readAnyTokenizer } from './any-tokenizer.ts';
import { pairsReport, textReport } from './measure-report.ts';
import { eachLine, packedSize, type TextFile } from './text-lines.ts';

export interface MeasureFlags {
  tokenizer: string[];
  text?: string;
  pairs?: string;
  examples: number;
  json: boolean;
}

/** One tokenizer's part of the result, as `--json` prints it. */
export interface TokenizerResult {
  file: string;
  size: number;
  reach: Reach;
  measure: TextMeasure | PairsMeasure;
}

/** Prints a table, or JSON. */
export async function measure(flags: MeasureFlags, io: CommandIo): Promise<void> {
  const path = flags.text ?? flags.pairs;
  if (path === undefined || (flags.text !== undefined && flags.pairs !== undefined)) {
    throw new CommandError('name one file, with --text or with --pairs');
  }
  const size = await packedSize(path);
  const tokenizers: Tokenizer[] = [];
  for (const file of flags.tokenizer) tokenizers.push((await readAnyTokenizer(file)).tokenizer);
  const of = flags.text === undefined ? measuredPairs : measuredText;
  const { corpus, measures } = await of(tokenizers, { path, size, examples: flags.examples }, io);
  const reaches = await reachOf(tokenizers, io);
  const head = flags.tokenizer.map((file, index) => ({
    file,
    size: tokenizers[index]?.size ?? 0,
    reach: reaches[index] ?? { entries: 0, reachable: 0, added: 0, addedReachable: 0 },
  }));
  if (flags.json) {
    const results = head.map((entry, index) => ({ ...entry, measure: measures[index] }));
    printLine(io.stdout, JSON.stringify({ file: path, ...corpus, tokenizers: results }, undefined, 2));
  } else if (isPairs(measures)) {
    printLine(io.stdout, pairsReport(head, measures));
  } else {
    printLine(io.stdout, textReport(head, measures));
  }
}

function isPairs(measures: TextMeasure[] | PairsMeasure[]): measures is PairsMeasure[] {
  return measures.every((entry) => 'korean' in entry);
}

interface Corpus {
  path: string;
  /** Bytes of the file, for the progress bar. */
  size: number;
  /** Sentences to show. */
  examples: number;
}

async function measuredText(tokenizers: readonly Tokenizer[], { examples, ...file }: Corpus, io: CommandIo) {
  const meter = new TextMeter(tokenizers, examples);
  // An empty line is no sentence.
  const corpus = await read(file, io, (line) => line.trim() !== '' && meter.add(line));
  return { corpus, measures: meter.results() };
}

async function measuredPairs(tokenizers: readonly Tokenizer[], { examples, ...file }: Corpus, io: CommandIo) {
  const english = new TextMeter(tokenizers, examples);
  const korean = new TextMeter(tokenizers, examples);
  let number = 0;
  const corpus = await read(file, io, (line) => {
    number++;
    if (line.trim() === '') return;
    const pair = pairOf(line);
    if (!pair) throw new CommandError(`line ${number} of ${file.path} is no pair; expected English, one tab, Korean`);
    english.add(pair.english);
    korean.add(pair.korean);
  });
  return { corpus, measures: pairsMeasures(english.results(), korean.results()) };
}

async function read(
  { path, size }: Omit<Corpus, 'examples'>,
  io: CommandIo,
  take: (line: string) => unknown,
): Promise<TextFile> {
  const bar = progressBar(io.stderr, size, { label: 'measuring' });
  try {
    return await eachLine(path, (line) => void take(line), { onRead: (bytes) => bar.add(bytes), signal: io.signal });
  } finally {
    bar.stop();
  }
}

async function reachOf(tokenizers: readonly Tokenizer[], io: CommandIo): Promise<Reach[]> {
  const [first] = tokenizers;
  const bar = progressBar(
    io.stderr,
    tokenizers.reduce((total, { size }) => total + size, 0),
    { label: 'reaching' },
  );
  const pause = new Pause(io.signal);
  const results: Reach[] = [];
  try {
    for (const tokenizer of tokenizers) {
      const steps = reach(tokenizer, first ?? tokenizer);
      let step = steps.next();
      for (; !step.done; step = steps.next()) {
        bar.add(1);
        if (step.value % 256 === 0) await pause.ifDue();
      }
      results.push(step.value);
    }
  } finally {
    bar.stop();
  }
  return results;
}
