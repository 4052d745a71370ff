/** `npm run korean -- measure` */
import type { PairsMeasure, TextMeasure } from '#core/tokenizer/statistics/measure.ts';
import { reach, type Reach } from '#core/tokenizer/korean/reachable.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { Pause, progressBar } from '../shared/progress.ts';
import { readAnyTokenizer } from './any-tokenizer.ts';
import { measuredPairs, measuredText } from './measure-file.ts';
import { pairsReport, sourcesReport, textReport, type SourceMeasures } from './measure-report.ts';
import { encodingNote, packedSize, type TextFile } from './text-file.ts';

export interface MeasureFlags {
  tokenizer: string[];
  text?: string[];
  pairs?: string[];
  bySource: boolean;
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

type MeasuredFile = { file: string; corpus: TextFile } & SourceMeasures;

/** Prints a table, or JSON. */
export async function measure(flags: MeasureFlags, io: CommandIo): Promise<void> {
  const { text = [], pairs = [] } = flags;
  const count = text.length + pairs.length;
  if (count === 0) throw new CommandError('name a file, with --text or with --pairs');
  if (count > 1 && !flags.bySource) {
    throw new CommandError(`${count} files are named; add --by-source to see each beside the others, or name one`);
  }
  const tokenizers: Tokenizer[] = [];
  for (const file of flags.tokenizer) tokenizers.push((await readAnyTokenizer(file)).tokenizer);
  const measured: MeasuredFile[] = [];
  const options = { examples: flags.examples, nfc: flags.nfc };
  for (const path of text) {
    const { measures, corpus, notes } = await measuredText(
      tokenizers,
      { path, size: await packedSize(path), ...options },
      io,
    );
    measured.push({ file: path, corpus, type: 'text', measures });
    printNotes(path, corpus, notes, io);
  }
  for (const path of pairs) {
    const { measures, corpus, notes } = await measuredPairs(
      tokenizers,
      { path, size: await packedSize(path), ...options },
      io,
    );
    measured.push({ file: path, corpus, type: 'pairs', measures });
    printNotes(path, corpus, notes, io);
  }
  const reaches = await reachOf(tokenizers, io);
  const head = flags.tokenizer.map((file, index) => ({
    file,
    size: tokenizers[index]?.size ?? 0,
    reach: reaches[index] ?? { entries: 0, reachable: 0, added: 0, addedReachable: 0 },
  }));
  const [only] = measured;
  if (flags.json) {
    const resultsOf = ({ measures }: MeasuredFile) =>
      head.map((entry, index) => ({ ...entry, measure: measures[index] }));
    const sources = measured.map((source) => ({ file: source.file, ...source.corpus, tokenizers: resultsOf(source) }));
    printLine(io.stdout, JSON.stringify(flags.bySource ? { sources } : sources[0], undefined, 2));
  } else if (flags.bySource) printLine(io.stdout, sourcesReport(head, measured));
  else if (only?.type === 'pairs') printLine(io.stdout, pairsReport(head, only.measures));
  else if (only) printLine(io.stdout, textReport(head, only.measures));
}

function printNotes(path: string, corpus: TextFile, notes: readonly (string | undefined)[], io: CommandIo): void {
  for (const note of [encodingNote(path, corpus), ...notes]) if (note !== undefined) printLine(io.stderr, note);
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
