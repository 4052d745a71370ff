import { overlapping, type Cell } from './cells.ts';
import type { UnitTokens, Unit } from './live-text.svelte.ts';
import { lanesIn, type Painter } from './painter.ts';

export const ACTIVE_ID = 'active-token';

/** The tokens that are pointed at, and their place on the screen. */
export interface Pointed {
  unit: Unit;
  lane: UnitTokens;
  cell: Cell;
  /** Number of tokens of the same characters in every tokenizer of the view, in its order. */
  tokens: readonly number[];
  /** Box on the screen around these tokens and those of the same characters in the other lanes. */
  box: { left: number; top: number; bottom: number };
}

interface Place {
  unit: HTMLElement;
  lane: number;
  cell: number;
}

/** The token that is selected by pointer or arrow keys. Its characters are marked in every lane. */
export class TokenCursor {
  pointed = $state.raw<Pointed>();
  #place: Place | undefined;
  #marked: Element[] = [];

  constructor(private readonly painter: Painter) {}

  /** @param token any element; an element that is not a token clears the cursor */
  pointAt(token: Element | null): void {
    const lane = token?.parentElement;
    const unit = lane?.closest<HTMLElement>('[data-unit]');
    if (!token?.classList.contains('token') || !lane || !unit) return this.clear();
    const place = { unit, lane: lanesIn(unit).indexOf(lane), cell: [...lane.children].indexOf(token) };
    this.#go(place);
  }

  clear(): void {
    for (const element of this.#marked) {
      element.classList.remove('active', 'same');
      if (element.id === ACTIVE_ID) element.removeAttribute('id');
    }
    this.#marked = [];
    this.#place = undefined;
    this.pointed = undefined;
  }

  /** @returns false for a key that is not handled */
  press(key: string, view: HTMLElement): boolean {
    const place = this.#place;
    if (key === 'Escape') {
      this.clear();
      return place !== undefined;
    }
    if (!place || !place.unit.isConnected) {
      if (!key.startsWith('Arrow') && key !== 'Home') return false;
      const unit = view.querySelector<HTMLElement>('[data-unit]');
      if (unit) this.#go({ unit, lane: 0, cell: 0 }, true);
      return unit !== null;
    }
    const next = this.#next(key, place);
    if (next) this.#go(next, true);
    return next !== undefined;
  }

  #next(key: string, place: Place): Place | undefined {
    const last = this.#cells(place).length - 1;
    if (key === 'Home') return { ...place, cell: 0 };
    if (key === 'End') return { ...place, cell: last };
    if (key === 'ArrowRight') {
      if (place.cell < last) return { ...place, cell: place.cell + 1 };
      return this.#inUnit(neighbour(place.unit, 1), place.lane, () => 0) ?? place;
    }
    if (key === 'ArrowLeft') {
      if (place.cell > 0) return { ...place, cell: place.cell - 1 };
      return this.#inUnit(neighbour(place.unit, -1), place.lane, (cells) => cells.length - 1) ?? place;
    }
    const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : undefined;
    if (step === undefined) return undefined;
    const lanes = lanesIn(place.unit).length;
    const lane = place.lane + step;
    const cell = this.#cells(place)[place.cell];
    const under = (cells: readonly Cell[]) => overlapping(cells, cell?.start ?? 0, cell?.end ?? 1).at[0] ?? 0;
    if (lane >= 0 && lane < lanes) return { ...place, lane, cell: under(this.#cells({ ...place, lane })) };
    if (step > 0) return this.#inUnit(neighbour(place.unit, 1), 0, () => 0) ?? place;
    return this.#inUnit(neighbour(place.unit, -1), lanes - 1, () => 0) ?? place;
  }

  #inUnit(unit: Element | null, lane: number, choose: (cells: readonly Cell[]) => number): Place | undefined {
    if (!(unit instanceof HTMLElement)) return undefined;
    return { unit, lane, cell: choose(this.#cells({ unit, lane, cell: 0 })) };
  }

  #cells({ unit, lane }: Place): readonly Cell[] {
    const found = this.painter.unitOf(unit)?.lanes[lane];
    return found ? this.painter.cellsOf(found) : [];
  }

  #go(place: Place, scroll = false): void {
    this.clear();
    this.painter.paint(place.unit);
    const unit = this.painter.unitOf(place.unit);
    const lane = unit?.lanes[place.lane];
    const cell = this.#cells(place)[place.cell];
    if (!unit || !lane || !cell) return;
    const tokens = lanesIn(place.unit).map((element, index) => {
      const same = overlapping(this.#cells({ ...place, lane: index }), cell.start, cell.end);
      if (index === place.lane) this.#mark(element.children[place.cell], 'active');
      else for (const at of same.at) this.#mark(element.children[at], 'same');
      return same.tokens;
    });
    const active = this.#marked.find((element) => element.classList.contains('active'));
    if (!active) return;
    active.id = ACTIVE_ID;
    if (scroll) active.scrollIntoView({ block: 'nearest' });
    this.#place = place;
    this.pointed = { unit, lane, cell, tokens, box: boxOf(active, this.#marked) };
  }

  #mark(element: Element | undefined, name: string): void {
    if (!element) return;
    element.classList.add(name);
    this.#marked.push(element);
  }
}

/** The next or the previous unit, in its group or in the neighbouring one. */
function neighbour(unit: Element, step: 1 | -1): Element | null {
  if (step > 0) return unit.nextElementSibling ?? unit.parentElement?.nextElementSibling?.firstElementChild ?? null;
  return unit.previousElementSibling ?? unit.parentElement?.previousElementSibling?.lastElementChild ?? null;
}

/** Box around the first line of the token and the marked tokens above and below it. */
function boxOf(active: Element, marked: readonly Element[]): Pointed['box'] {
  const own = active.getClientRects()[0] ?? active.getBoundingClientRect();
  const near = marked.flatMap((element) => [...element.getClientRects()]).filter((rect) => isNear(rect, own, marked));
  return {
    left: own.left,
    top: Math.min(own.top, ...near.map((rect) => rect.top)),
    bottom: Math.max(own.bottom, ...near.map((rect) => rect.bottom)),
  };
}

/** True within the lanes of one line: excludes the part of a token that wrapped to the next line. */
function isNear(rect: DOMRect, own: DOMRect, marked: readonly Element[]): boolean {
  const lanes = new Set(marked.map((element) => element.parentElement)).size;
  return Math.abs(rect.top - own.top) < lanes * own.height * 1.4;
}
