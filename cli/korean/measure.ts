/** `npm run korean -- measure` */
import { pairsMeasures, TextMeter, type PairsMeasure, type TextMeasure } from '#core/tokenizer/statistics/measure.ts';
import { readPairs, type PairsProblem, type ReadPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import { isDecomposedHangul } from '#core/text/hangul.ts';
import { reach, type Reach } from '#core/tokenizer/korean/reachable.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { Pause, progressBar } from '../shared/progress.ts';
import { readAnyTokenizer } from './any-tokenizer.ts';
import { pairsReport, textReport } from './measure-report.ts';
import { encodingNote, packedSize, readWholeText, type TextFile } from './text-file.ts';
import { decomposedNote, eachLine } from './text-lines.ts';

export interface MeasureFlags {
  tokenizer: string[];
  text?: string;
  pairs?: string;
  examples: number;
  nfc: boolean;
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
  const { corpus, measures, notes } = await of(tokenizers, { path, size, ...flags }, io);
  for (const note of [encodingNote(path, corpus), ...notes]) if (note !== undefined) printLine(io.stderr, note);
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
  nfc: boolean;
}

/** A measured file, and what people must know about it. */
interface Measured<M> {
  corpus: TextFile;
  measures: M[];
  notes: readonly (string | undefined)[];
}

async function measuredText(
  tokenizers: readonly Tokenizer[],
  { path, size, examples, nfc }: Corpus,
  io: CommandIo,
): Promise<Measured<TextMeasure>> {
  const meter = new TextMeter(tokenizers, examples);
  const bar = progressBar(io.stderr, size, { label: 'measuring' });
  // An empty line is no sentence.
  const take = (line: string) => {
    if (line.trim() !== '') meter.add(line);
  };
  try {
    const options = { onRead: (bytes: number) => bar.add(bytes), signal: io.signal, nfc };
    const corpus = await eachLine(path, take, options);
    const { lines, decomposed } = corpus;
    const note = decomposedNote(`${path}: ${decomposed} of ${lines} lines`, decomposed, nfc);
    return { corpus, measures: meter.results(), notes: [note] };
  } finally {
    bar.stop();
  }
}

async function measuredPairs(
  tokenizers: readonly Tokenizer[],
  { path, examples, nfc }: Corpus,
  io: CommandIo,
): Promise<Measured<PairsMeasure>> {
  const { text, ...file } = await readWholeText(path, { wanted: 'pairs', signal: io.signal });
  const read = readPairs(nfc ? text.normalize('NFC') : text);
  if ('problem' in read) throw new CommandError(`${path} ${PROBLEMS[read.problem]}`);
  const { pairs, ...table } = read;
  const english = new TextMeter(tokenizers, examples);
  const korean = new TextMeter(tokenizers, examples);
  const bar = progressBar(io.stderr, pairs.length, { label: 'measuring' });
  const pause = new Pause(io.signal);
  try {
    for (const pair of pairs) {
      english.add(pair.english);
      korean.add(pair.korean);
      bar.add(1);
      await pause.ifDue();
    }
  } finally {
    bar.stop();
  }
  const decomposed = nfc
    ? Number(isDecomposedHangul(text))
    : pairs.filter(({ korean: sentence }) => isDecomposedHangul(sentence)).length;
  const notes = [
    ...notesOn(path, read),
    decomposedNote(nfc ? path : `${path}: ${decomposed} of ${pairs.length} pairs`, decomposed, nfc),
  ];
  const measures = pairsMeasures(english.results(), korean.results());
  return { corpus: { ...file, ...table }, measures, notes };
}

const PROBLEMS: Record<PairsProblem, string> = {
  'no-pairs': 'holds no sentences; write a pair a line: English, one tab, Korean',
  'pair-without-tab':
    'is no table: neither tabs nor commas cut its lines into columns; write a pair a line, with one tab between the two sentences',
  'pair-no-korean': 'has no Korean column: no cell holds Hangul; write English, one tab, Korean',
  'pair-no-english': 'has no English column beside the Korean one; write English, one tab, Korean',
  'pair-half-empty': 'has no row in which both sentences are there; write English, one tab, Korean',
};

function notesOn(path: string, { columns, header, leftOut }: ReadPairs): string[] {
  const { english, korean, count } = columns;
  const { halfEmpty, tooWide, first } = leftOut;
  const from = first > 0 ? `, the first is row ${first}` : '';
  return [
    ...(english === 1 && korean === 2 && count === 2
      ? []
      : [`${path}: column ${english} of ${count} is read as English, column ${korean} as Korean`]),
    ...(header ? [`${path}: the first row names the columns and is not measured`] : []),
    ...(halfEmpty > 0 ? [`warning: ${path}: ${halfEmpty} half-empty rows were left out${from}`] : []),
    ...(tooWide > 0
      ? [
          `warning: ${path}: ${tooWide} rows with more than ${count} cells were left out${from}; quote cells with delimiters in them`,
        ]
      : []),
  ];
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
