import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** What a plot is redrawn for. `Data` is passed to uPlot unchanged. */
interface Followed<Data> {
  data: () => Data;
  /** Read only to trigger a redraw: each drawing reads the colours from CSS. */
  theme: () => string | undefined;
}

/** Size, cursor and legend are the same for all. */
export type PlotOptions = Omit<uPlot.Options, 'width' | 'height' | 'cursor' | 'legend'>;

/** Current value of a CSS colour variable. */
export type ColorOf = (name: string) => string;

/** Canvas font of charts. */
export const plotFont = '12px "Pretendard Variable", sans-serif';

/** An axis in the common style of all charts. */
export function plotAxis(
  color: ColorOf,
  label: string,
  size: number,
  format: (value: number) => string,
  more: uPlot.Axis = {},
): uPlot.Axis {
  return {
    label,
    labelFont: plotFont,
    labelSize: 20,
    size,
    gap: 4,
    font: plotFont,
    stroke: () => color('--ink-3'),
    ticks: { show: false },
    grid: { stroke: () => color('--line'), width: 1 },
    values: (_, splits) => splits.map((value) => format(value)),
    ...more,
  };
}

/**
 * Draws into `node` and follows its width, the data and the theme. Call it in an attachment: it returns the cleanup.
 */
export function plotData(
  node: HTMLElement,
  height: number,
  options: (color: ColorOf) => PlotOptions,
  { data, theme }: Followed<uPlot.AlignedData>,
): () => void {
  const color: ColorOf = (name) => {
    node.style.color = `var(${name})`;
    return getComputedStyle(node).color;
  };
  const made = options(color);
  const plot = new uPlot(
    { ...made, width: node.clientWidth, height, cursor: { show: false }, legend: { show: false } },
    [[], ...made.series.slice(1).map(() => [])],
    node,
  );
  const resized = new ResizeObserver(() => plot.setSize({ width: node.clientWidth, height }));
  resized.observe(node);
  // The pieces of the font come when a text needs them, and a canvas is not drawn again by itself.
  const redraw = () => plot.redraw(false);
  document.fonts.addEventListener('loadingdone', redraw);
  $effect(() => plot.setData(data()));
  $effect(() => {
    if (theme()) plot.redraw(false);
  });
  return () => {
    resized.disconnect();
    document.fonts.removeEventListener('loadingdone', redraw);
    plot.destroy();
  };
}

/** `plotData` of one line. */
export function plotLine(
  node: HTMLElement,
  height: number,
  options: (color: ColorOf) => PlotOptions,
  { data, theme }: Followed<{ x: readonly number[]; y: readonly number[] }>,
): () => void {
  const aligned = (): uPlot.AlignedData => {
    const { x, y } = data();
    return [[...x], [...y]];
  };
  return plotData(node, height, options, { data: aligned, theme });
}
