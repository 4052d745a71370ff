/** What both models would have said at one place of an answer. */
import type { TracedToken } from '#core/protocol/adapters.ts';

export interface ChoiceRow {
  id: number;
  text: string;
  /** It stands in the answer. */
  chosen: boolean;
  /** Undefined where it is not among those that were told: then it is no likelier than `most…`. */
  own: number | undefined;
  other: number | undefined;
}

export interface Choices {
  rows: readonly ChoiceRow[];
  /** What an untold choice has at most: the least of those that were told. */
  mostOwn: number;
  mostOther: number;
}

/**
 * @param own the token as the model found it that wrote the answer
 * @param other the same token as the other model finds it, with its own alternatives; undefined before it was asked
 */
export function choicesOf(own: TracedToken, other: TracedToken | undefined): Choices {
  const ownBy = probabilities(own);
  const otherBy = other ? probabilities(other) : new Map<number, number>();
  const texts = new Map([own, ...own.alternatives, ...(other?.alternatives ?? [])].map(({ id, text }) => [id, text]));
  const rows = [...texts].map(([id, text]): ChoiceRow => ({
    id,
    text,
    chosen: id === own.id,
    own: ownBy.get(id),
    other: otherBy.get(id),
  }));
  const weight = ({ own, other }: ChoiceRow) => Math.max(own ?? 0, other ?? 0);
  return {
    rows: rows.sort((a, b) => weight(b) - weight(a)),
    mostOwn: leastTold(own),
    mostOther: other ? leastTold(other) : 1,
  };
}

function probabilities({ id, probability, alternatives }: TracedToken): Map<number, number> {
  return new Map([[id, probability], ...alternatives.map((choice) => [choice.id, choice.probability] as const)]);
}

/** The alternatives fall; the chosen token may be less likely than any of them. */
function leastTold({ alternatives }: TracedToken): number {
  return alternatives.at(-1)?.probability ?? 1;
}

/** A token as it can be shown in a line: blanks and line breaks are seen. */
export function shownToken(text: string): string {
  return text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ | $/gu, '␣');
}
