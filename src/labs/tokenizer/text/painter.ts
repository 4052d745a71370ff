import { cellsOf, visible, type Cell } from './cells.ts';
import { drawTokens } from './draw-tokens.ts';
import type { UnitTokens, Unit } from './live-text.svelte.ts';

/**
 * Draws the tokens of units near the view. It uses the DOM directly and not a component per token: a keystroke in a long
 * text makes a few hundred tokens.
 */
export class Painter {
  readonly #units = new Map<Element, Unit>();
  readonly #cells = new WeakMap<UnitTokens, Cell[]>();
  readonly #observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        this.#observer.unobserve(target);
        target.setAttribute('data-near', '');
        for (const unit of target.children) this.paint(unit);
      }
    },
    { rootMargin: '600px' },
  );

  /** Attachment of the element of a group, whose children are its units. */
  readonly group = (node: HTMLElement): (() => void) => {
    this.#observer.observe(node);
    return () => this.#observer.unobserve(node);
  };

  /** Attachment of the element of a unit, whose lanes are its `[data-lane]`. */
  unit(unit: Unit): (node: HTMLElement) => () => void {
    return (node) => {
      this.#units.set(node, unit);
      if (node.hasAttribute('data-painted') || node.parentElement?.hasAttribute('data-near')) this.#draw(node, unit);
      else {
        // The plain text takes the same space as its tokens.
        const first = lanesIn(node)[0];
        if (first) first.textContent = visible(unit.text);
      }
      return () => this.#units.delete(node);
    };
  }

  /** Draws a unit now, if it is not drawn yet. */
  paint(node: Element): void {
    const unit = this.#units.get(node);
    if (unit && !node.hasAttribute('data-painted')) this.#draw(node, unit);
  }

  #draw(node: Element, unit: Unit): void {
    node.setAttribute('data-painted', '');
    for (const [index, element] of lanesIn(node).entries()) {
      const lane = unit.lanes[index];
      if (lane) drawTokens(element, unit.text, this.cellsOf(lane));
    }
  }

  unitOf(node: Element): Unit | undefined {
    return this.#units.get(node);
  }

  cellsOf(lane: UnitTokens): Cell[] {
    let cells = this.#cells.get(lane);
    if (!cells) this.#cells.set(lane, (cells = cellsOf(lane)));
    return cells;
  }
}

export function lanesIn(unit: Element): HTMLElement[] {
  return [...unit.querySelectorAll<HTMLElement>('[data-lane]')];
}
