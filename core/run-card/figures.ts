/** The figures of a run card as rows: one value a round and engine, and the ratio of the first two engines. */
import type { CardEngine, CardRound, RunCard } from './run-card.ts';
import { spreadOf, type Spread } from './spread.ts';

export const FIGURE_NAMES = ['load', 'prefill', 'decode', 'firstToken', 'image', 'gpuLive', 'gpuPeak', 'wasm'] as const;
export type FigureName = (typeof FIGURE_NAMES)[number];

export const FIGURE_UNITS: Readonly<Record<FigureName, 'ms' | 'tok/s' | 'bytes'>> = {
  load: 'ms',
  prefill: 'tok/s',
  decode: 'tok/s',
  firstToken: 'ms',
  image: 'ms',
  gpuLive: 'bytes',
  gpuPeak: 'bytes',
  wasm: 'bytes',
};

export interface FigureRow {
  name: FigureName;
  /** For figures that depend on it. */
  contextTokens: number | undefined;
  /** In the order of the card's engines; undefined where one has no value. */
  spreads: readonly (Spread | undefined)[];
  /** First engine ÷ second, each round by itself; undefined if no round has both. */
  ratio: Spread | undefined;
}

type ValueOf = (round: CardRound) => number | undefined;

/** Rows with at least one value. */
export function figureRows({ engines, settings }: Pick<RunCard, 'engines' | 'settings'>): FigureRow[] {
  const at = (contextTokens: number, of: (answer: CardRound['answers'][number]) => number): ValueOf => {
    return ({ answers }) => {
      const answer = answers.find((found) => found.contextTokens === contextTokens);
      return answer && of(answer);
    };
  };
  const row = (name: FigureName, of: ValueOf, contextTokens?: number): FigureRow => ({
    name,
    contextTokens,
    spreads: engines.map(({ rounds }) => spreadOf(rounds.flatMap((round) => of(round) ?? []))),
    ratio: ratioOf(engines, of),
  });
  return [
    ...settings.contexts.map((tokens) =>
      row(
        'decode',
        at(tokens, (answer) => answer.decodeTokensPerSecond),
        tokens,
      ),
    ),
    ...settings.contexts.map((tokens) =>
      row(
        'prefill',
        at(tokens, (answer) => answer.prefillTokensPerSecond),
        tokens,
      ),
    ),
    ...settings.contexts.map((tokens) =>
      row(
        'firstToken',
        at(tokens, (answer) => answer.firstTokenMilliseconds),
        tokens,
      ),
    ),
    row('image', ({ image }) => image?.firstTokenMilliseconds),
    row('load', ({ loadMilliseconds }) => loadMilliseconds),
    row('gpuLive', ({ gpuLiveBytes }) => gpuLiveBytes),
    row('gpuPeak', ({ gpuPeakBytes }) => gpuPeakBytes),
    row('wasm', ({ wasmBytes }) => wasmBytes),
  ].filter(({ spreads }) => spreads.some((spread) => spread !== undefined));
}

function ratioOf([first, second]: readonly CardEngine[], of: ValueOf): Spread | undefined {
  if (!first || !second) return undefined;
  const pairs = first.rounds.flatMap((round, index) => {
    const other = second.rounds[index];
    const [ours, theirs] = [of(round), other && of(other)];
    return ours === undefined || !theirs ? [] : [ours / theirs];
  });
  return spreadOf(pairs);
}

export interface RooflinePoint {
  contextTokens: number;
  bytesPerToken: number;
  /** Tokens per second if the memory were never idle and nothing else took time. */
  ceiling: number;
  /** Of the ceiling, by engine, from the medians; undefined where an engine has no value. */
  shares: readonly (number | undefined)[];
}

export function rooflinePoints(card: Pick<RunCard, 'engines' | 'settings' | 'roofline'>): RooflinePoint[] {
  const { roofline } = card;
  if (!roofline) return [];
  const rows = figureRows(card);
  return roofline.points.map(({ contextTokens, bytesPerToken }) => {
    const ceiling = roofline.bytesPerSecond / bytesPerToken;
    const row = rows.find((found) => found.name === 'decode' && found.contextTokens === contextTokens);
    const shares = card.engines.map((_, index) => {
      const spread = row?.spreads[index];
      return spread && spread.median / ceiling;
    });
    return { contextTokens, bytesPerToken, ceiling, shares };
  });
}
