/** The figures of one answer: those that the page shows, and the memory of the process. */
import type { TurnStats } from '#core/protocol/stats.ts';
import { lookedUpTokensPerRun } from '#core/prompt-lookup/tokens-per-run.ts';
import { countText } from '#core/tokenizer/statistics/text-counts.ts';
import type { DecodeEnd } from '../../workers/engine/generation/decode.ts';

export interface AnswerFigures {
  turn: TurnStats;
  reason: DecodeEnd;
  /** Tokens of the answer, the end token included, per Hangul syllable of its text; undefined without Hangul. */
  tokensPerSyllable: number | undefined;
  openMilliseconds: number;
  /** Most memory that was resident at one time, mapped weights included. */
  peakBytes: number;
}

export function tokensPerSyllable(text: string, tokens: number): number | undefined {
  const counts = { characters: 0, bytes: 0, words: 0, syllables: 0 };
  countText(text, counts);
  return counts.syllables > 0 ? tokens / counts.syllables : undefined;
}

/** Tokens of a prompt per second of its prefill; undefined before the first chunk is done. */
export function prefillTokensPerSecond({ prefillTokens, prefillMilliseconds }: TurnStats): number | undefined {
  return prefillMilliseconds > 0 ? (prefillTokens / prefillMilliseconds) * 1000 : undefined;
}

const ENDS: Record<DecodeEnd, string> = {
  end: 'the end token',
  length: 'the limit of --max-tokens',
  'context-full': 'a full context',
  stopped: 'Stop',
};

export function figuresTable({ turn, reason, tokensPerSyllable, openMilliseconds, peakBytes }: AnswerFigures): string {
  const { prefillTokens, imageMilliseconds, timeToFirstTokenMilliseconds, newTokens, decodeTokensPerSecond } = turn;
  const tokensPerRun = lookedUpTokensPerRun(turn);
  const rows = [
    ['opened in', seconds(openMilliseconds)],
    ...(imageMilliseconds > 0 ? [['images encoded in', seconds(imageMilliseconds)]] : []),
    ['prompt', `${prefillTokens} tokens`],
    ['prefill', rate(prefillTokensPerSecond(turn))],
    ['first token after', seconds(timeToFirstTokenMilliseconds)],
    ['answer', `${newTokens} tokens`],
    ['decode', rate(decodeTokensPerSecond)],
    ...(tokensPerRun === undefined
      ? []
      : [['prompt lookup', `${tokensPerRun.toFixed(2)} tokens / run of the decoder`]]),
    ...(tokensPerSyllable === undefined ? [] : [['tokens / syllable', tokensPerSyllable.toFixed(2)]]),
    ['memory, at most', `${(peakBytes / 1e6).toFixed(0)} MB`],
    ['ended by', ENDS[reason]],
  ];
  const width = Math.max(...rows.map(([label = '']) => label.length));
  return rows.map(([label = '', value = '']) => `${label.padEnd(width)}  ${value}`).join('\n');
}

function seconds(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '–' : `${(milliseconds / 1000).toFixed(2)} s`;
}

function rate(tokensPerSecond: number | undefined): string {
  return tokensPerSecond === undefined ? '–' : `${tokensPerSecond.toFixed(tokensPerSecond < 10 ? 2 : 1)} tokens/s`;
}
