/** The alternatives of both models at one position of an answer. */
import type { TracedToken } from '#core/protocol/adapters.ts';

export interface ChoiceRow {
  id: number;
  text: string;
  /** True for the token of the answer. */
  chosen: boolean;
  /** Undefined if it was not reported: its probability is then at most `mostOwn` (`mostOther`). */
  own: number | undefined;
  other: number | undefined;
}

export interface Choices {
  rows: readonly ChoiceRow[];
  /** Upper bound for a choice that was not reported: the smallest reported alternative. */
  mostOwn: number;
  mostOther: number;
}

/**
 * @param own the token, scored by the model that wrote the answer
 * @param other the same token, scored by the other model, with its own alternatives; undefined before it is scored
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
    mostOwn: smallestReported(own),
    mostOther: other ? smallestReported(other) : 1,
  };
}

function probabilities({ id, probability, alternatives }: TracedToken): Map<number, number> {
  return new Map([[id, probability], ...alternatives.map((choice) => [choice.id, choice.probability] as const)]);
}

/** Alternatives are sorted by falling probability; the chosen token may be less likely than any of them. */
function smallestReported({ alternatives }: TracedToken): number {
  return alternatives.at(-1)?.probability ?? 1;
}

/** A token for display in a line, with visible blanks and line breaks. */
export function shownToken(text: string): string {
  return text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ | $/gu, '␣');
}
