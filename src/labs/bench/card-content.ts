/** What a run card shows, as texts: the page and the picture both draw this. */
import { figureRows, rooflinePoints, type FigureName, type FigureRow } from '#core/run-card/figures.ts';
import type { RunCard } from '#core/run-card/run-card.ts';
import type { Spread } from '#core/run-card/spread.ts';
import { bytes, count, dash, percent, rate } from '../../platform/figures.ts';
import { t } from '../../platform/locale.svelte.ts';
import {
  agreementText,
  dateText,
  engineName,
  factLines,
  figureName,
  medianText,
  rangeText,
  ratioRange,
  ratioText,
  settingsText,
} from './figure-text.ts';

export const FACTS = ['model', 'precision', 'adapter', 'browser', 'versions', 'settings', 'date', 'hash'] as const;
export type FactName = (typeof FACTS)[number];

export interface Caution {
  name: 'device' | 'random' | 'incomplete' | 'failure';
  title: string;
  text: string;
}

export interface CardCell {
  main: string;
  /** "(least–most)"; may be empty. */
  range: string;
  /** Of the largest median in the row, 0 to 1; undefined for a ratio, and where there is no value. */
  share: number | undefined;
}

export interface CardRow {
  name: FigureName;
  contextTokens: number | undefined;
  title: string;
  /** One for each of the content's columns. */
  cells: CardCell[];
}

export interface RooflineContent {
  bandwidth: string;
  /** Context, bytes a token, ceiling; then an engine's share each. */
  columns: string[];
  rows: { contextTokens: number; cells: string[] }[];
  /** A share is above 1: the weights stay in a cache. */
  isOver: boolean;
}

export interface AgreementLine {
  key: string;
  text: string;
  firstDifference: number | undefined;
  /** The first engine beside its own first answer. */
  isItself: boolean;
}

export interface CardContent {
  facts: Readonly<Record<FactName, string>>;
  hasHash: boolean;
  cautions: Caution[];
  /** The engines, then the ratio where there are two. */
  columns: string[];
  hasRatio: boolean;
  rows: CardRow[];
  agreement: AgreementLine[];
  roofline: RooflineContent | undefined;
}

export function cardContent(card: RunCard): CardContent {
  const { model, engines, agreement } = card;
  const hasRatio = engines.length > 1;
  const { device, ...lines } = factLines(card);
  const facts = { ...lines, model: model.name, adapter: device, settings: settingsText(card), date: dateText(card) };
  return {
    facts: { ...facts, hash: model.manifestSha256 ?? t('bench.facts.no-hash') },
    hasHash: model.manifestSha256 !== undefined,
    cautions: cautionsOf(card),
    columns: [...engines.map(({ engine }) => engineName(engine)), ...(hasRatio ? [t('bench.column.ratio')] : [])],
    hasRatio,
    rows: figureRows(card).map((row) => cardRow(row, hasRatio)),
    agreement: agreement.map((entry) => ({
      key: `${entry.contextTokens} ${entry.engine}`,
      text: agreementText(entry),
      firstDifference: entry.firstDifference,
      isItself: entry.engine === engines[0]?.engine,
    })),
    roofline: rooflineContent(card),
  };
}

function cautionsOf({ device: { kind }, model, engines, settings }: RunCard): Caution[] {
  const cautions: Caution[] = [];
  if (kind !== 'gpu')
    cautions.push({ name: 'device', title: t(`bench.kind.${kind}`), text: t(`bench.kind.${kind}.why`) });
  if (model.randomWeights) cautions.push({ name: 'random', title: '', text: t('bench.random') });
  if (!settings.isComplete) cautions.push({ name: 'incomplete', title: '', text: t('bench.incomplete') });
  for (const { engine, failure } of engines)
    if (failure !== undefined)
      cautions.push({ name: 'failure', title: t('bench.failure', { engine: engineName(engine) }), text: failure });
  return cautions;
}

function cardRow({ name, contextTokens, spreads, ratio }: FigureRow, hasRatio: boolean): CardRow {
  const longest = Math.max(...spreads.map((spread) => spread?.median ?? 0), Number.MIN_VALUE);
  const cell = (spread: Spread | undefined): CardCell => ({
    main: medianText(name, spread),
    range: rangeText(name, spread),
    share: spread && spread.median / longest,
  });
  const ratioCell = { main: ratioText(ratio), range: ratioRange(ratio), share: undefined };
  return {
    name,
    contextTokens,
    title: figureName({ name, contextTokens }),
    cells: [...spreads.map(cell), ...(hasRatio ? [ratioCell] : [])],
  };
}

function rooflineContent(card: RunCard): RooflineContent | undefined {
  if (!card.roofline) return undefined;
  const points = rooflinePoints(card);
  const shares = card.engines.map(({ engine }) => t('bench.roof.share', { engine: engineName(engine) }));
  return {
    bandwidth: t('bench.roof.bandwidth', { value: rate(card.roofline.bytesPerSecond / 1e9) }),
    columns: [t('bench.roof.context'), t('bench.roof.bytes'), t('bench.roof.ceiling'), ...shares],
    rows: points.map(({ contextTokens, bytesPerToken, ceiling, shares: reached }) => ({
      contextTokens,
      cells: [
        count(contextTokens),
        bytes(bytesPerToken),
        t('bench.unit.rate', { value: rate(ceiling) }),
        ...reached.map((share) => (share === undefined ? dash : percent(share))),
      ],
    })),
    isOver: points.some(({ shares: reached }) => reached.some((share) => (share ?? 0) > 1)),
  };
}
