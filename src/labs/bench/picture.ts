/** The run card as a picture, for a message or a slide. Always light: it is read outside the page. */
import type { FigureName } from '#core/run-card/figures.ts';
import type { RunCard } from '#core/run-card/run-card.ts';
import { t } from '../../platform/locale.svelte.ts';
import { cardContent, type CardContent } from './card-content.ts';

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
/** Width of the first column of a table. */
const NAMES = 350;
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
  const content = cardContent(card);
  const letters = JSON.stringify([content, words()]);
  // The typeface comes in parts, by the letters that are used.
  await Promise.all(
    weights.map((weight) => document.fonts.load(`${weight} 20px "Pretendard Variable"`, letters)),
  ).catch(() => undefined);
  const measured = new Sheet(context, false);
  draw(measured, content);
  canvas.width = WIDTH * SCALE;
  canvas.height = (measured.y + MARGIN) * SCALE;
  context.scale(SCALE, SCALE);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, WIDTH, measured.y + MARGIN);
  context.fillStyle = ACCENT;
  context.fillRect(0, 0, WIDTH, 10);
  draw(new Sheet(context, true), content);
  return new Promise((resolve) => canvas.toBlob((png) => resolve(png ?? undefined), 'image/png'));
}

/** What stands on the picture beside the content. */
function words() {
  return { heading: `${t('bench.card')} · ${t('app.name')}`, spread: t('bench.words.spread') };
}

function draw(sheet: Sheet, content: CardContent): void {
  const { facts } = content;
  const { heading, spread } = words();
  sheet.text(heading, MARGIN, { size: 20, weight: 600, colour: ACCENT });
  sheet.text(facts.date, WIDTH - MARGIN, { size: 18, colour: QUIET, align: 'right' }, 400);
  sheet.y += 50;
  sheet.text(facts.model, MARGIN, { size: 38, weight: 700 });
  sheet.y += 42;
  sheet.text(`${facts.precision} · ${facts.adapter}`, MARGIN, { size: 21 });
  sheet.y += 30;
  sheet.text(facts.browser, MARGIN, { size: 21, colour: QUIET });
  sheet.y += 30;
  drawCautions(sheet, content);
  drawTable(sheet, content);
  drawRoofline(sheet, content);
  for (const { text, firstDifference } of content.agreement.filter(({ isItself }) => !isItself)) {
    sheet.text(text, MARGIN, { size: 18, colour: firstDifference === undefined ? QUIET : WARN });
    sheet.y += 28;
  }
  sheet.y += 6;
  sheet.line();
  sheet.y += 26;
  sheet.text(`${facts.settings} · ${spread}`, MARGIN, { size: 16, colour: QUIET });
  sheet.y += 24;
  sheet.text(facts.versions, MARGIN, { size: 16, colour: QUIET });
  sheet.y += 24;
  const hash = content.hasHash ? `manifest.json ${facts.hash}` : facts.hash;
  sheet.text(hash, MARGIN, { size: 14, colour: QUIET, mono: true });
}

function drawCautions(sheet: Sheet, { cautions }: CardContent): void {
  if (cautions.length > 0) sheet.y += 12;
  for (const { title, text } of cautions) {
    sheet.y += 8;
    sheet.rectangle(MARGIN, sheet.y - 22, WIDTH - 2 * MARGIN, 44, WARN_BACK);
    const line = title ? `${title}: ${text}` : text;
    sheet.text(line, MARGIN + 16, { size: 19, weight: 600, colour: WARN }, WIDTH - 2 * MARGIN - 32);
    sheet.y += 44;
  }
  sheet.y += 14;
}

/** Right ends of the columns behind the first. */
function rightEnds(columns: number): { ends: number[]; width: number } {
  const width = (WIDTH - 2 * MARGIN - NAMES) / columns;
  return {
    ends: Array.from({ length: columns }, (_, index) => MARGIN + NAMES + (index + 1) * width),
    width: width - 16,
  };
}

function drawTable(sheet: Sheet, { columns, rows }: CardContent): void {
  const { ends, width } = rightEnds(columns.length);
  columns.forEach((column, index) =>
    sheet.text(
      column,
      ends[index] ?? 0,
      { size: columns.length > 3 ? 15 : 18, weight: 600, colour: QUIET, align: 'right' },
      width,
    ),
  );
  sheet.y += 24;
  for (const { title, cells } of rows.filter(({ name }) => SHOWN.includes(name))) {
    sheet.line();
    sheet.y += ROW / 2;
    sheet.text(title, MARGIN, { size: 20 }, NAMES);
    cells.forEach(({ main, range }, index) => {
      const right = ends[index] ?? 0;
      const y = sheet.y;
      sheet.y = range ? y - 8 : y;
      sheet.text(main, right, { size: 21, weight: 700, colour: index === 0 ? ACCENT : INK, align: 'right' }, width);
      sheet.y = y + 13;
      if (range) sheet.text(range, right, { size: 14, colour: QUIET, align: 'right' }, width);
      sheet.y = y;
    });
    sheet.y += ROW / 2;
  }
  sheet.line();
  sheet.y += 32;
}

function drawRoofline(sheet: Sheet, { roofline }: CardContent): void {
  if (!roofline) return;
  sheet.text(roofline.bandwidth, MARGIN, { size: 18, weight: 600 });
  sheet.y += 28;
  for (const { cells } of roofline.rows) {
    const parts = cells.map((text, index) => `${roofline.columns[index] ?? ''} ${text}`);
    // Three engines do not fit into the line with the limit.
    const lines = parts.length > 5 ? [parts.slice(0, 3), parts.slice(3)] : [parts];
    for (const line of lines) {
      sheet.text(line.join(' · '), MARGIN, { size: 18, colour: QUIET });
      sheet.y += 28;
    }
  }
  sheet.y += 8;
}
