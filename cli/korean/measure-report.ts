/** The table that `measure` prints. */
import { basename } from 'node:path';
import type { PairsMeasure, TextMeasure } from '#core/tokenizer/statistics/measure.ts';
import type { Reach } from '#core/tokenizer/korean/reachable.ts';
import type { TextChange } from '#core/tokenizer/statistics/top-texts.ts';
import { fixed, percent, signedPercent, table } from '../shared/table.ts';

export interface Measured {
  file: string;
  size: number;
  reach: Reach;
}

export function textReport(head: readonly Measured[], measures: readonly TextMeasure[]): string {
  return [legend(head), table([...heading(head), ...textRows(measures), ...reachRows(head)]), examples(measures)]
    .filter((part) => part !== '')
    .join('\n\n');
}

export function pairsReport(head: readonly Measured[], measures: readonly PairsMeasure[]): string {
  const korean = measures.map((measure) => measure.korean);
  const english = measures.map((measure) => measure.english);
  const rows = [
    ...heading(head),
    ['Korean'],
    ...textRows(korean),
    ['English'],
    ...textRows(english).filter(([name]) => name !== 'tokens per Hangul syllable'),
    ['Korean tokens to English tokens', ...measures.map(({ ratio }) => fixed(ratio, 3))],
    ...reachRows(head),
  ];
  return [legend(head), table(rows), examples(korean)].filter((part) => part !== '').join('\n\n');
}

/** Measures of a file with each tokenizer. */
export type SourceMeasures =
  { type: 'text'; measures: readonly TextMeasure[] } | { type: 'pairs'; measures: readonly PairsMeasure[] };

/** A row for each file: its Korean (or its text) in every tokenizer, side by side. */
export function sourcesReport(
  head: readonly Measured[],
  sources: readonly (SourceMeasures & { file: string })[],
): string {
  const rows = sources.map((source) => {
    const texts = source.type === 'text' ? source.measures : source.measures.map(({ korean }) => korean);
    const [first] = texts;
    return [
      basename(source.file),
      String(first?.texts ?? 0),
      ...texts.map(({ tokens }) => String(tokens)),
      ...texts.slice(1).map(({ change }) => signedPercent(change?.tokens)),
      ...texts.slice(1).map(({ change }) => String(change?.longer ?? 0)),
      source.type === 'text' ? '–' : source.measures.slice(1).map(englishChange).join(' '),
    ];
  });
  const others = head.slice(1).map((_, index) => `[${index + 2}]`);
  const names = [
    'source',
    'sentences',
    ...head.map((_, index) => `tokens [${index + 1}]`),
    ...others.map((name) => `change ${name}`),
    ...others.map((name) => `longer ${name}`),
    'English',
  ];
  return [legend(head), table([names, ...rows]), table([...heading(head), ...reachRows(head)])].join('\n\n');
}

function englishChange({ english: { change } }: PairsMeasure): string {
  return change && change.longer + change.shorter === 0 ? 'same' : signedPercent(change?.tokens);
}

function legend(head: readonly Measured[]): string {
  return head.map(({ file, size }, index) => `[${index + 1}] ${file} (${size} ids)`).join('\n');
}

function heading(head: readonly Measured[]): string[][] {
  return [['', ...head.map((_, index) => `[${index + 1}]`)]];
}

function textRows(measures: readonly TextMeasure[]): string[][] {
  const row = (name: string, of: (measure: TextMeasure) => string) => [name, ...measures.map(of)];
  return [
    row('sentences', ({ texts }) => String(texts)),
    row('tokens', ({ tokens }) => String(tokens)),
    row('change in tokens', ({ change }) => signedPercent(change?.tokens)),
    row('tokens per sentence', ({ rates }) => fixed(rates.tokensPerText, 2)),
    row('characters per token', ({ rates }) => fixed(rates.charactersPerToken, 3)),
    row('bytes per token', ({ rates }) => fixed(rates.bytesPerToken, 3)),
    row('tokens per word', ({ rates }) => fixed(rates.tokensPerWord, 3)),
    row('tokens per Hangul syllable', ({ rates }) => fixed(rates.tokensPerSyllable, 3)),
    row('sentences shorter', (measure) => share(measure, measure.change?.shorter)),
    row('sentences longer', (measure) => share(measure, measure.change?.longer)),
    row('different tokens used', ({ usedTokens }) => String(usedTokens)),
    row('byte tokens', ({ byteTokens }) => String(byteTokens)),
    row('unknown tokens', ({ unknownTokens }) => String(unknownTokens)),
  ];
}

function reachRows(head: readonly Measured[]): string[][] {
  return [
    ['Vocabulary'],
    ['entries', ...head.map(({ reach }) => String(reach.entries))],
    ['reachable by their own text', ...head.map(({ reach }) => String(reach.reachable))],
    ['entries that [1] lacks', ...head.map(({ reach }, index) => (index === 0 ? '–' : String(reach.added)))],
    ['of these reachable', ...head.map(({ reach }, index) => (index === 0 ? '–' : String(reach.addedReachable)))],
  ];
}

function share({ texts }: TextMeasure, some: number | undefined): string {
  if (some === undefined || texts === 0) return '–';
  return `${some} (${percent(some / texts)})`;
}

function examples(measures: readonly TextMeasure[]): string {
  return measures
    .flatMap(({ change }, index) => [
      ...listed(`Most saved with [${index + 1}] against [1]`, change?.mostSaved),
      ...listed(`Most hurt with [${index + 1}] against [1]`, change?.mostHurt),
    ])
    .join('\n');
}

function listed(title: string, changes: readonly TextChange[] | undefined): string[] {
  if (!changes || changes.length === 0) return [];
  return [title, ...changes.map(({ text, before, after }) => `  ${before} → ${after}  ${text}`)];
}
