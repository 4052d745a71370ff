import { cellsOf, visible, type Cell } from './cells.ts';
import type { Lane, Unit } from './live-text.svelte.ts';

/**
 * Draws the tokens of units that are near the view. By hand and not with a component a token: a keystroke in a long text
 * makes a few hundred of them.
 */
export class Painter {
  readonly #units = new Map<Element, Unit>();
  readonly #cells = new WeakMap<Lane, Cell[]>();
  readonly #observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.paint(target);
    },
    { rootMargin: '600px' },
  );

  /** Attachment of the element of a unit, whose lanes are its `[data-lane]`. */
  unit(unit: Unit): (node: HTMLElement) => () => void {
    return (node) => {
      this.#units.set(node, unit);
      if (unit.eager) this.paint(node);
      else {
        // The text alone takes the same room as its tokens.
        const first = lanesIn(node)[0];
        if (first) first.textContent = visible(unit.text);
        this.#observer.observe(node);
      }
      return () => {
        this.#observer.unobserve(node);
        this.#units.delete(node);
      };
    };
  }

  /** Now, if that has not happened yet. */
  paint(node: Element): void {
    this.#observer.unobserve(node);
    const unit = this.#units.get(node);
    if (!unit || node.hasAttribute('data-painted')) return;
    node.setAttribute('data-painted', '');
    for (const [index, element] of lanesIn(node).entries()) {
      const lane = unit.lanes[index];
      if (lane) element.replaceChildren(...this.#tokens(unit.text, lane));
    }
  }

  unitOf(node: Element): Unit | undefined {
    return this.#units.get(node);
  }

  cellsOf(lane: Lane): Cell[] {
    let cells = this.#cells.get(lane);
    if (!cells) this.#cells.set(lane, (cells = cellsOf(lane)));
    return cells;
  }

  #tokens(text: string, lane: Lane): Node[] {
    const cells = this.cellsOf(lane);
    const nodes: Node[] = cells.map((cell, index) => {
      const token = document.createElement('span');
      token.className = classOf(cell, index);
      token.setAttribute('role', 'option');
      token.textContent = visible(text.slice(cell.start, cell.end));
      if (cell.kind === 'unknown') token.dataset['badge'] = '?';
      else if (cell.count > 1) token.dataset['badge'] = String(cell.count);
      return token;
    });
    const covered = cells.at(-1)?.end ?? 0;
    if (covered < text.length) nodes.push(document.createTextNode(visible(text.slice(covered))));
    return nodes;
  }
}

export function lanesIn(unit: Element): HTMLElement[] {
  return [...unit.querySelectorAll<HTMLElement>('[data-lane]')];
}

function classOf({ kind, isNew, count, continued }: Cell, index: number): string {
  const shared = count > 1 || kind === 'byte' ? 'bytes' : kind;
  return `token ${index % 2 === 0 ? 'even' : 'odd'} ${shared}${isNew ? ' new' : ''}${continued ? ' continued' : ''}`;
}
