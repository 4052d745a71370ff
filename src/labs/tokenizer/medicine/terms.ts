/** The list of medical terms, and what each costs in a tokenizer. */
import type { TextCuts } from '#core/protocol/tokenizer.ts';

export const FIELDS = ['disease', 'symptom', 'anatomy', 'test', 'treatment', 'drug'] as const;
export type Field = (typeof FIELDS)[number];

export interface Term {
  korean: string;
  english: string;
  field: Field;
}

/** @param text lines of Korean, English and field, apart by tabs */
export function readTerms(text: string): Term[] {
  return text.split('\n').flatMap((line) => {
    const [korean = '', english = '', name] = line.split('\t');
    const field = FIELDS.find((each) => each === name);
    return korean !== '' && field ? [{ korean, english, field }] : [];
  });
}

export interface CutTerm extends Term {
  /** Pieces of the base. */
  before: readonly string[];
  /** Pieces of the tokenizer that is looked at. */
  after: readonly string[];
}

/** Terms that are one token, and the others, those that take most first. */
export interface TermLists {
  one: readonly CutTerm[];
  several: readonly CutTerm[];
  /** Of `one`, those that are one token in the base already. */
  alreadyOne: number;
}

export function termLists(
  terms: readonly Term[],
  base: TextCuts | undefined,
  chosen: TextCuts | undefined,
  query: string,
): TermLists {
  const cut = terms.flatMap((term, index): CutTerm[] => {
    const [before, after] = [base?.pieces[index], chosen?.pieces[index]];
    return before && after && matches(term, query) ? [{ ...term, before, after }] : [];
  });
  const one = cut.filter(({ after }) => after.length === 1);
  const several = cut.filter(({ after }) => after.length > 1);
  return {
    one,
    several: [...several].sort((a, b) => b.after.length - a.after.length),
    alreadyOne: one.filter(({ before }) => before.length === 1).length,
  };
}

function matches({ korean, english }: Term, query: string): boolean {
  const wanted = query.trim().normalize('NFC').toLowerCase();
  return korean.includes(wanted) || english.toLowerCase().includes(wanted);
}
