/** `npm run korean -- measure` */
import { pairsMeasures, TextMeter, type PairsMeasure, type TextMeasure } from '#core/tokenizer/statistics/measure.ts';
import { pairOf } from '#core/tokenizer/statistics/pairs.ts';
import { reach, type Reach } from '#core/tokenizer/korean/reachable.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { readAnyTokenizer } from './any-tokenizer.ts';
import { KoreanError } from './errors.ts';
import { pairsReport, textReport } from './measure-report.ts';
import { Pause, progressBar } from './progress.ts';
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
export async function measure(flags: MeasureFlags): Promise<void> {
  const path = flags.text ?? flags.pairs;
  if (path === undefined || (flags.text !== undefined && flags.pairs !== undefined)) {
    throw new KoreanError('name one file, with --text or with --pairs');
  }
  const size = await packedSize(path);
  const tokenizers: Tokenizer[] = [];
  for (const file of flags.tokenizer) tokenizers.push((await readAnyTokenizer(file)).tokenizer);
  const of = flags.text === undefined ? measuredPairs : measuredText;
  const { corpus, measures } = await of(tokenizers, path, size, flags.examples);
  const reaches = await reachOf(tokenizers);
  const head = flags.tokenizer.map((file, index) => ({
    file,
    size: tokenizers[index]?.size ?? 0,
    reach: reaches[index] ?? { entries: 0, reachable: 0, added: 0, addedReachable: 0 },
  }));
  if (flags.json) {
    const results = head.map((entry, index) => ({ ...entry, measure: measures[index] }));
    console.log(JSON.stringify({ file: path, ...corpus, tokenizers: results }, undefined, 2));
  } else if (isPairs(measures)) {
    console.log(pairsReport(head, measures));
  } else {
    console.log(textReport(head, measures));
  }
}

function isPairs(measures: TextMeasure[] | PairsMeasure[]): measures is PairsMeasure[] {
  return measures.every((entry) => 'korean' in entry);
}

async function measuredText(tokenizers: readonly Tokenizer[], path: string, size: number, examples: number) {
  const meter = new TextMeter(tokenizers, examples);
  // An empty line is no sentence.
  const corpus = await read(path, size, (line) => line.trim() !== '' && meter.add(line));
  return { corpus, measures: meter.results() };
}

async function measuredPairs(tokenizers: readonly Tokenizer[], path: string, size: number, examples: number) {
  const english = new TextMeter(tokenizers, examples);
  const korean = new TextMeter(tokenizers, examples);
  let number = 0;
  const corpus = await read(path, size, (line) => {
    number++;
    if (line.trim() === '') return;
    const pair = pairOf(line);
    if (!pair) throw new KoreanError(`line ${number} of ${path} is no pair; expected English, one tab, Korean`);
    english.add(pair.english);
    korean.add(pair.korean);
  });
  return { corpus, measures: pairsMeasures(english.results(), korean.results()) };
}

async function read(path: string, size: number, take: (line: string) => unknown): Promise<TextFile> {
  const bar = progressBar('measuring', size);
  try {
    return await eachLine(
      path,
      (line) => void take(line),
      (bytes) => bar.add(bytes),
    );
  } finally {
    bar.stop();
  }
}

async function reachOf(tokenizers: readonly Tokenizer[]): Promise<Reach[]> {
  const [first] = tokenizers;
  const bar = progressBar(
    'reaching',
    tokenizers.reduce((total, { size }) => total + size, 0),
  );
  const pause = new Pause();
  const results: Reach[] = [];
  for (const tokenizer of tokenizers) {
    const steps = reach(tokenizer, first ?? tokenizer);
    for (;;) {
      const step = steps.next();
      if (step.done) {
        results.push(step.value);
        break;
      }
      bar.add(1);
      if (step.value % 256 === 0) await pause.ifDue();
    }
  }
  bar.stop();
  return results;
}
