import { greyscalePng } from '#core/image/png.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE, type Phantom } from '#core/phantoms/phantom.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed, SETS } from '#core/phantoms/sets.ts';

/** A phantom that was drawn here, and the number that draws it again. */
export interface DrawnPhantom {
  phantom: Phantom;
  /** Set and number in it, `phantomSeed('page', set, index)`: what people see as its number. */
  number: string;
  /** Exactly what `renderPhantom` gives, lossless. */
  file: File;
}

/** The phantom `index` of one of the page's sets. Throws RangeError as `phantomSeed` does. */
export function drawnPhantom(set: number, index: number): DrawnPhantom {
  const phantom = drawPhantom(phantomSeed('page', set, index));
  const number = `${set}-${index}`;
  const png = greyscalePng(renderPhantom(phantom), SIDE, SIDE);
  return { phantom, number, file: new File([png], `phantom-${number}.png`, { type: 'image/png' }) };
}

/** The same phantom again, by what people see as its number; undefined for anything else. */
export function phantomNumbered(number: string): DrawnPhantom | undefined {
  const [, set, index] = /^(\d{1,6})-(\d{1,6})$/u.exec(number) ?? [];
  return set === undefined ? undefined : drawnPhantom(Number(set), Number(index));
}

/** Draws phantoms that no model was trained on or tested with, and each visitor others. */
export class PhantomSource {
  readonly #set = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % SETS;
  #drawn = 0;

  next(): DrawnPhantom {
    return drawnPhantom(this.#set, ++this.#drawn);
  }
}
