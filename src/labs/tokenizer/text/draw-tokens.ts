import { visible, type Cell } from './cells.ts';

/** How a token is drawn. */
interface Drawn {
  text: string;
  className: string;
  /** Number of tokens that share the character, or a question mark. */
  badge: string | undefined;
}

/** Draws the tokens of a lane. Unchanged elements at its start and at its end are kept. */
export function drawTokens(lane: HTMLElement, text: string, cells: readonly Cell[]): void {
  const wanted = cells.map((cell, index) => drawn(text, cell, index));
  const there = [...lane.children];
  const most = Math.min(wanted.length, there.length);
  let start = 0;
  while (start < most && shows(there[start], wanted[start])) start++;
  let end = 0;
  while (end < most - start && shows(there.at(-1 - end), wanted.at(-1 - end))) end++;

  const kept = [...there.slice(0, start), ...there.slice(there.length - end)];
  const fresh = wanted.slice(start, wanted.length - end).map(element);
  const behind = there[there.length - end];
  for (const old of there.slice(start, there.length - end)) old.remove();
  // Removes text outside elements: characters without a token, or the whole text before the first drawing.
  for (const node of [...lane.childNodes]) if (!(node instanceof Element)) node.remove();
  if (behind && end > 0) behind.before(...fresh);
  else lane.append(...fresh);
  const covered = cells.at(-1)?.end ?? 0;
  if (covered < text.length) lane.append(visible(text.slice(covered)));
  // A changed number of tokens shifts the alternating tones of all tokens after it.
  for (const [index, old] of kept.entries()) {
    const className = wanted[index < start ? index : wanted.length - kept.length + index]?.className ?? '';
    if (old.className !== className) old.className = className;
  }
}

function drawn(text: string, { start, end, kind, isNew, count, continued }: Cell, index: number): Drawn {
  const shared = count > 1 || kind === 'byte' ? 'bytes' : kind;
  const tone = index % 2 === 0 ? 'even' : 'odd';
  return {
    text: visible(text.slice(start, end)),
    className: `token ${tone} ${shared}${isNew ? ' new' : ''}${continued ? ' continued' : ''}`,
    badge: kind === 'unknown' ? '?' : count > 1 ? String(count) : undefined,
  };
}

function shows(there: Element | undefined, wanted: Drawn | undefined): boolean {
  return there?.textContent === wanted?.text && there?.getAttribute('data-badge') === (wanted?.badge ?? null);
}

function element({ text, className, badge }: Drawn): HTMLElement {
  const token = document.createElement('span');
  token.className = className;
  token.setAttribute('role', 'option');
  token.textContent = text;
  // An option needs a name, and blanks are none. A symbol, as `visible` shows for control characters.
  if (text.trim() === '') token.setAttribute('aria-label', '␣'.repeat(text.length));
  if (badge !== undefined) token.dataset['badge'] = badge;
  return token;
}
