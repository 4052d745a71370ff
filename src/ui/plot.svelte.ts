import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** What a plot follows while it stands. */
interface Followed {
  data: () => { x: readonly number[]; y: readonly number[] };
  /** Read for redrawing only: colours are taken from the page at each drawing. */
  theme: () => string | undefined;
}

/** Size, cursor and legend are the same for all. */
export type PlotOptions = Omit<uPlot.Options, 'width' | 'height' | 'cursor' | 'legend'>;

/** A colour of the page by the name of its variable, as it is at this moment. */
export type ColorOf = (name: string) => string;

/**
 * Draws one line into `node` and keeps to its width, to the data and to the theme. To be called in an attachment; returns
 * what takes the plot away.
 */
export function plotLine(
  node: HTMLElement,
  height: number,
  options: (color: ColorOf) => PlotOptions,
  { data, theme }: Followed,
): () => void {
  const color: ColorOf = (name) => {
    node.style.color = `var(${name})`;
    return getComputedStyle(node).color;
  };
  const plot = new uPlot(
    { ...options(color), width: node.clientWidth, height, cursor: { show: false }, legend: { show: false } },
    [[], []],
    node,
  );
  const resized = new ResizeObserver(() => plot.setSize({ width: node.clientWidth, height }));
  resized.observe(node);
  $effect(() => {
    const { x, y } = data();
    plot.setData([[...x], [...y]]);
  });
  $effect(() => {
    if (theme()) plot.redraw(false);
  });
  return () => {
    resized.disconnect();
    plot.destroy();
  };
}
