/** Measures one file for `measure`: a text, or pairs of sentences. */
import { pairsMeasures, TextMeter, type PairsMeasure, type TextMeasure } from '#core/tokenizer/statistics/measure.ts';
import { readPairs, type PairsProblem, type ReadPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import { isDecomposedHangul } from '#core/text/hangul.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import type { CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { Pause, progressBar } from '../shared/progress.ts';
import { readWholeText, type TextFile } from './text-file.ts';
import { decomposedNote, eachLine } from './text-lines.ts';

export interface Corpus {
  path: string;
  /** Bytes of the file, for the progress bar. */
  size: number;
  /** Sentences to show. */
  examples: number;
  nfc: boolean;
}

/** A measured file, and what people must know about it. */
export interface Measured<M> {
  corpus: TextFile;
  measures: M[];
  notes: readonly (string | undefined)[];
}

export async function measuredText(
  tokenizers: readonly Tokenizer[],
  { path, size, examples, nfc }: Corpus,
  io: CommandIo,
): Promise<Measured<TextMeasure>> {
  const meter = new TextMeter(tokenizers, examples);
  const bar = progressBar(io.stderr, size, { label: 'measuring' });
  // An empty line is no sentence.
  let sentences = 0;
  const take = (line: string) => {
    if (line.trim() === '') return;
    sentences++;
    meter.add(line);
  };
  try {
    const options = { onRead: (bytes: number) => bar.add(bytes), signal: io.signal, nfc };
    const corpus = await eachLine(path, take, options);
    if (sentences === 0) throw new CommandError(`${path} holds no sentences; write a sentence a line`);
    const { lines, decomposed } = corpus;
    const note = decomposedNote(`${path}: ${decomposed} of ${lines} lines`, decomposed, nfc);
    return { corpus, measures: meter.results(), notes: [note] };
  } finally {
    bar.stop();
  }
}

export async function measuredPairs(
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
    ...(halfEmpty > 0 ? [`warning: ${path}: ${rows(halfEmpty, 'half-empty')} left out${from}`] : []),
    ...(tooWide > 0
      ? [
          `warning: ${path}: ${rows(tooWide, 'too wide')} left out (more than ${count} cells)${from}; quote cells with delimiters in them`,
        ]
      : []),
  ];
}

function rows(count: number, kind: string): string {
  return count === 1 ? `1 ${kind} row was` : `${count} ${kind} rows were`;
}
