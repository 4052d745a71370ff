/** Figures of a run card as texts; the page and the picture show the same. */
import { FIGURE_UNITS, type FigureName, type FigureRow } from '#core/run-card/figures.ts';
import { CAPTURE_OFF, CAPTURE_ON, OURS, type RunCard } from '#core/run-card/run-card.ts';
import type { Spread } from '#core/run-card/spread.ts';
import { bytes, count, dash, milliseconds, rate } from '../../platform/figures.ts';
import { t, locale } from '../../platform/locale.svelte.ts';

/** "This page" says more to a visitor than the project's name. */
export function engineName(engine: string): string {
  if (engine === CAPTURE_OFF) return t('bench.engine.capture-off');
  if (engine === CAPTURE_ON) return t('bench.engine.capture-on');
  return engine.startsWith(OURS) ? t('bench.engine.ours') + engine.slice(OURS.length) : engine;
}

export function figureName({ name, contextTokens }: Pick<FigureRow, 'name' | 'contextTokens'>): string {
  const context = contextTokens === undefined ? '' : count(contextTokens);
  if (name === 'decode' || name === 'prefill' || name === 'firstToken') return t(`bench.figure.${name}`, { context });
  return t(`bench.figure.${name}`);
}

/** The median with its unit. */
export function medianText(name: FigureName, spread: Spread | undefined): string {
  return spread ? valueText(name, spread.median) : dash;
}

/** "(least–most)"; empty where there is one value, or all are shown as the same. */
export function rangeText(name: FigureName, spread: Spread | undefined): string {
  if (!spread || spread.count < 2) return '';
  const [least, most] = [valueText(name, spread.least), valueText(name, spread.most)];
  if (least === most) return '';
  if (FIGURE_UNITS[name] !== 'tok/s') return `(${least}–${most})`;
  // The unit once: the column is narrow on a phone.
  return `(${t('bench.unit.rate', { value: `${rate(spread.least)}–${rate(spread.most)}` })})`;
}

function valueText(name: FigureName, value: number): string {
  const unit = FIGURE_UNITS[name];
  if (unit === 'bytes') return bytes(value);
  return unit === 'ms' ? milliseconds(value) : t('bench.unit.rate', { value: rate(value) });
}

/** "1.52×". */
export function ratioText(ratio: Spread | undefined): string {
  return ratio ? t('bench.ratio', { value: ratio.median.toFixed(2) }) : dash;
}

export function ratioRange(ratio: Spread | undefined): string {
  if (!ratio || ratio.count < 2) return '';
  const [least, most] = [ratio.least.toFixed(2), ratio.most.toFixed(2)];
  return least === most ? '' : `(${least}–${most})`;
}

export function agreementText({
  contextTokens,
  engine,
  comparedTokens,
  firstDifference,
}: RunCard['agreement'][number]) {
  const common = { context: count(contextTokens), engine: engineName(engine) };
  if (firstDifference === undefined) return t('bench.agree.same', { ...common, tokens: count(comparedTokens) });
  return t('bench.agree.differs', { ...common, place: count(firstDifference) });
}

export function dateText(card: RunCard): string {
  return new Intl.DateTimeFormat(locale.current, { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(card.created),
  );
}

/** Precision, device and versions in one line each. */
export function factLines(card: RunCard): { precision: string; device: string; browser: string; versions: string } {
  const { model, device, versions } = card;
  const precision = model.vision
    ? t('model.dtype.both', { decoder: model.decoder, vision: model.vision })
    : t('model.dtype.decoder', { decoder: model.decoder });
  const kind = t(`bench.kind.${device.kind}`);
  const peer = versions.transformersJs ? [`transformers.js ${versions.transformersJs}`] : [];
  return {
    precision,
    device: device.adapter ? `${kind} · ${device.adapter}` : kind,
    browser: `${device.browser} · ${device.system}`,
    versions: [`medgemma-ko-lab ${versions.lab}`, ...peer, `onnxruntime-web ${versions.onnxruntimeWeb}`].join(' · '),
  };
}

export function settingsText({ settings }: RunCard): string {
  const contexts = settings.contexts.map(count).join(' / ');
  return t('bench.plan', { rounds: settings.rounds, tokens: count(settings.newTokens), contexts });
}
