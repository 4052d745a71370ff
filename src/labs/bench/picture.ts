/** The run card as a picture, for a message or a slide. Always light: it is read outside the page. */
import { figureRows, rooflinePoints, type FigureName } from '#core/run-card/figures.ts';
import type { RunCard } from '#core/run-card/run-card.ts';
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

const WIDTH = 1200;
const MARGIN = 56;
const SCALE = 2;
const INK = '#14211e';
const QUIET = '#5d6d69';
const LINE = '#d9e0dc';
const ACCENT = '#0a6a5f';
const WARN = '#7c4a00';
const WARN_BACK = '#fdf2dc';
const FAMILY = '"Pretendard Variable", Pretendard, "Apple SD Gothic Neo", "Malgun Gothic", system-ui, sans-serif';
/** Of the table: name of the figure, then right ends of the columns. */
const COLUMNS = [620, 890, WIDTH - MARGIN];
const ROW = 44;

/** What a slide has room for; the page and the JSON have all. */
const SHOWN: readonly FigureName[] = ['decode', 'prefill', 'firstToken', 'image', 'load', 'gpuPeak'];

interface Style {
  size: number;
  weight?: number;
  colour?: string;
  align?: 'left' | 'right';
  mono?: boolean;
}

/** Writes top down. Run once without drawing, so that the height is known before the canvas is made. */
class Sheet {
  y = MARGIN;
  readonly #context: CanvasRenderingContext2D;

  constructor(
    context: CanvasRenderingContext2D,
    private readonly isDrawing: boolean,
  ) {
    this.#context = context;
  }

  /** Cut with an ellipsis where it is wider than `width`. */
  text(text: string, x: number, style: Style, width = WIDTH - MARGIN - x): void {
    const { size, weight = 400, colour = INK, align = 'left', mono = false } = style;
    const context = this.#context;
    context.font = `${weight} ${size}px ${mono ? 'ui-monospace, Consolas, monospace' : FAMILY}`;
    context.textAlign = align;
    context.textBaseline = 'middle';
    context.fillStyle = colour;
    let shown = text;
    while (shown.length > 1 && context.measureText(shown).width > width) shown = `${shown.slice(0, -2)}…`;
    if (this.isDrawing) context.fillText(shown, x, this.y);
  }

  rectangle(x: number, y: number, width: number, height: number, colour: string): void {
    this.#context.fillStyle = colour;
    if (this.isDrawing) this.#context.fillRect(x, y, width, height);
  }

  line(): void {
    this.rectangle(MARGIN, this.y, WIDTH - 2 * MARGIN, 1, LINE);
  }
}

/** @returns a PNG; undefined if the browser cannot make one */
export async function drawCard(card: RunCard): Promise<Blob | undefined> {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  if (!context) return undefined;
  const weights = [400, 600, 700];
  const letters = textsOf(card).join('');
  // The typeface comes in parts, by the letters that are used.
  await Promise.all(
    weights.map((weight) => document.fonts.load(`${weight} 20px "Pretendard Variable"`, letters)),
  ).catch(() => undefined);
  const measured = new Sheet(context, false);
  draw(measured, card);
  canvas.width = WIDTH * SCALE;
  canvas.height = (measured.y + MARGIN) * SCALE;
  context.scale(SCALE, SCALE);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, WIDTH, measured.y + MARGIN);
  context.fillStyle = ACCENT;
  context.fillRect(0, 0, WIDTH, 10);
  draw(new Sheet(context, true), card);
  return new Promise((resolve) => canvas.toBlob((png) => resolve(png ?? undefined), 'image/png'));
}

function draw(sheet: Sheet, card: RunCard): void {
  const facts = factLines(card);
  sheet.text(`${t('bench.card')} · ${t('app.name')}`, MARGIN, { size: 20, weight: 600, colour: ACCENT });
  sheet.text(dateText(card), WIDTH - MARGIN, { size: 18, colour: QUIET, align: 'right' }, 400);
  sheet.y += 50;
  sheet.text(card.model.name, MARGIN, { size: 38, weight: 700 });
  sheet.y += 42;
  sheet.text(`${facts.precision} · ${facts.device}`, MARGIN, { size: 21 });
  sheet.y += 30;
  sheet.text(facts.browser, MARGIN, { size: 21, colour: QUIET });
  sheet.y += 30;
  drawCautions(sheet, card);
  drawTable(sheet, card);
  drawRoofline(sheet, card);
  for (const entry of card.agreement.filter(({ engine }) => engine !== card.engines[0]?.engine)) {
    sheet.text(agreementText(entry), MARGIN, {
      size: 18,
      colour: entry.firstDifference === undefined ? QUIET : WARN,
    });
    sheet.y += 28;
  }
  sheet.y += 6;
  sheet.line();
  sheet.y += 26;
  sheet.text(`${settingsText(card)} · ${t('bench.words.spread')}`, MARGIN, { size: 16, colour: QUIET });
  sheet.y += 24;
  sheet.text(facts.versions, MARGIN, { size: 16, colour: QUIET });
  sheet.y += 24;
  const hash = card.model.manifestSha256;
  sheet.text(hash ? `manifest.json ${hash}` : t('bench.facts.no-hash'), MARGIN, {
    size: 14,
    colour: QUIET,
    mono: true,
  });
}

function drawCautions(sheet: Sheet, { device, model, engines, settings }: RunCard): void {
  const cautions = [
    ...(device.kind === 'gpu' ? [] : [`${t(`bench.kind.${device.kind}`)}: ${t(`bench.kind.${device.kind}.why`)}`]),
    ...(model.randomWeights ? [t('bench.random')] : []),
    ...(settings.isComplete ? [] : [t('bench.incomplete')]),
    ...engines.flatMap(({ engine, failure }) =>
      failure === undefined ? [] : [`${t('bench.failure', { engine: engineName(engine) })}: ${failure}`],
    ),
  ];
  for (const caution of cautions) {
    sheet.y += 8;
    sheet.rectangle(MARGIN, sheet.y - 22, WIDTH - 2 * MARGIN, 44, WARN_BACK);
    sheet.text(caution, MARGIN + 16, { size: 19, weight: 600, colour: WARN }, WIDTH - 2 * MARGIN - 32);
    sheet.y += 44;
  }
  sheet.y += 14;
}

function drawTable(sheet: Sheet, card: RunCard): void {
  const engines = card.engines.slice(0, 2);
  const heads = [
    ...engines.map(({ engine }) => engineName(engine)),
    ...(engines.length > 1 ? [t('bench.column.ratio')] : []),
  ];
  heads.forEach((head, index) =>
    sheet.text(head, COLUMNS[index] ?? 0, { size: 18, weight: 600, colour: QUIET, align: 'right' }, 260),
  );
  sheet.y += 24;
  for (const row of figureRows(card).filter(({ name }) => SHOWN.includes(name))) {
    sheet.line();
    sheet.y += ROW / 2;
    sheet.text(figureName(row), MARGIN, { size: 20 }, 350);
    const cells = engines.map((_, index): [string, string] => {
      const spread = row.spreads[index];
      return [medianText(row.name, spread), rangeText(row.name, spread)];
    });
    if (engines.length > 1) cells.push([ratioText(row.ratio), ratioRange(row.ratio)]);
    cells.forEach(([median, range], index) => {
      const right = COLUMNS[index] ?? 0;
      const isFirst = index === 0;
      const y = sheet.y;
      sheet.y = range ? y - 8 : y;
      sheet.text(median, right, { size: 21, weight: 700, colour: isFirst ? ACCENT : INK, align: 'right' }, 260);
      sheet.y = y + 13;
      if (range) sheet.text(range, right, { size: 14, colour: QUIET, align: 'right' }, 260);
      sheet.y = y;
    });
    sheet.y += ROW / 2;
  }
  sheet.line();
  sheet.y += 32;
}

function drawRoofline(sheet: Sheet, card: RunCard): void {
  if (!card.roofline) return;
  sheet.text(t('bench.roof.bandwidth', { value: rate(card.roofline.bytesPerSecond / 1e9) }), MARGIN, {
    size: 18,
    weight: 600,
  });
  sheet.y += 28;
  for (const { contextTokens, bytesPerToken, ceiling, shares } of rooflinePoints(card)) {
    const reached = card.engines
      .slice(0, 2)
      .map(
        ({ engine }, index) => `${engineName(engine)} ${shares[index] === undefined ? dash : percent(shares[index])}`,
      );
    const parts = [
      `${t('bench.roof.context')} ${count(contextTokens)}`,
      `${t('bench.roof.bytes')} ${bytes(bytesPerToken)}`,
      `${t('bench.roof.ceiling')} ${t('bench.unit.rate', { value: rate(ceiling) })}`,
      ...reached,
    ];
    sheet.text(parts.join(' · '), MARGIN, { size: 18, colour: QUIET });
    sheet.y += 28;
  }
  sheet.y += 8;
}

/** Everything with letters of its own, to load the typeface for. */
function textsOf(card: RunCard): string[] {
  return [
    ...Object.values(factLines(card)),
    card.model.name,
    settingsText(card),
    dateText(card),
    t('app.name'),
    t('bench.card'),
    t('bench.words.spread'),
    t('bench.column.ratio'),
    t('bench.random'),
    t('bench.incomplete'),
    t('bench.roof.context') + t('bench.roof.bytes') + t('bench.roof.ceiling'),
    t('bench.kind.cpu.why') + t('bench.kind.software-gpu.why'),
    ...card.agreement.map(agreementText),
    ...figureRows(card).map(figureName),
  ];
}
