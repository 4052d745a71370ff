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

/** Draws phantoms that no model was trained on or tested with, and each visitor others. */
export class PhantomSource {
  readonly #set = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % SETS;
  #drawn = 0;

  next(): DrawnPhantom {
    const index = ++this.#drawn;
    const phantom = drawPhantom(phantomSeed('page', this.#set, index));
    const number = `${this.#set}-${index}`;
    const png = greyscalePng(renderPhantom(phantom), SIDE, SIDE);
    return { phantom, number, file: new File([png], `phantom-${number}.png`, { type: 'image/png' }) };
  }
}
