import { greyscalePng } from '#core/image/png.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE, type Phantom } from '#core/phantoms/phantom.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed, SET_SIZE, SETS } from '#core/phantoms/sets.ts';

/** A drawn phantom, with the number that reproduces it. */
export interface DrawnPhantom {
  phantom: Phantom;
  /** `set-index` of `phantomSeed('page', set, index)`; shown to people as its number. */
  number: string;
  /** The pixels of `renderPhantom` as a PNG. */
  file: File;
}

/** The phantom `index` of one of the page's sets. Throws RangeError as `phantomSeed` does. */
export function drawnPhantom(set: number, index: number): DrawnPhantom {
  return phantomOfSeed(phantomSeed('page', set, index));
}

/** Draws a phantom by its seed. One that is not of the page's sets has its seed as number. */
export function phantomOfSeed(seed: number): DrawnPhantom {
  const phantom = drawPhantom(seed);
  const inPage = seed - phantomSeed('page', 0, 0);
  const number = inPage >= 0 ? `${Math.floor(inPage / SET_SIZE)}-${inPage % SET_SIZE}` : String(seed);
  const png = greyscalePng(renderPhantom(phantom), SIDE, SIDE);
  return { phantom, number, file: new File([png], `phantom-${number}.png`, { type: 'image/png' }) };
}

/** Draws a phantom by the number that people see; undefined if the text is not such a number. */
export function phantomNumbered(number: string): DrawnPhantom | undefined {
  const [, set, index] = /^(\d{1,6})-(\d{1,6})$/u.exec(number) ?? [];
  return set === undefined ? undefined : drawnPhantom(Number(set), Number(index));
}

/** Draws phantoms from the sets reserved for the page (no model was trained or tested on them); the set is chosen at random for each visit. */
export class PhantomSource {
  readonly #set = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % SETS;
  #drawn = 0;

  next(): DrawnPhantom {
    return drawnPhantom(this.#set, ++this.#drawn);
  }
}
