import { byteLevel, isNumeric, isPunctuation, isSpace } from './characters.ts';
import { translateOniguruma } from './oniguruma.ts';
import { mapCharacters, prependTo, sliceSpan, type Span } from './span.ts';
import { eachCharacter, eachMatch, eachText, splitSpan, type FindMatches, type SplitBehavior } from './split.ts';

/** One step of pre-tokenization: the parts of each part, none of them empty. */
export type PreTokenize = (spans: readonly Span[]) => Span[];

export function splitAt(find: FindMatches, behavior: SplitBehavior, invert = false): PreTokenize {
  return (spans) => spans.flatMap((span) => splitSpan(span, find, behavior, invert));
}

export const whitespaceSplit: PreTokenize = splitAt(eachCharacter(isSpace), 'Removed');

/** `\w+|[^\w\s]+` with the word characters of Rust's crate regex. */
export const whitespace: PreTokenize = splitAt(
  eachMatch(
    /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu,
  ),
  'Removed',
  true,
);

const eachPunctuation = eachCharacter(isPunctuation);

export const bertPreTokenizer: PreTokenize = (spans) => splitAt(eachPunctuation, 'Isolated')(whitespaceSplit(spans));

export function punctuation(behavior: SplitBehavior): PreTokenize {
  return splitAt(eachPunctuation, behavior);
}

export function digits(individual: boolean): PreTokenize {
  return splitAt(eachCharacter(isNumeric), individual ? 'Isolated' : 'Contiguous');
}

export function fixedLength(length: number): PreTokenize {
  return (spans) =>
    spans.flatMap((span) => {
      const parts: Span[] = [];
      let start = 0;
      let end = 0;
      let count = 0;
      for (const character of span.text) {
        end += character.length;
        if (++count % length > 0 && end < span.text.length) continue;
        parts.push(sliceSpan(span, start, end));
        start = end;
      }
      return parts;
    });
}

export interface MetaspaceOptions {
  replacement: string;
  prependScheme: 'always' | 'first' | 'never';
  split: boolean;
}

export function metaspace({ replacement, prependScheme, split }: MetaspaceOptions): PreTokenize {
  const cut = splitAt(eachText(replacement), 'MergedWithNext');
  return (spans) => {
    const marked = spans.map((span) => {
      const spaced = mapCharacters(span, (character) => (character === ' ' ? replacement : character));
      const prepends = prependScheme === 'always' || (prependScheme === 'first' && span.origins[0] === 0);
      return prepends && !spaced.text.startsWith(replacement) ? prependTo(spaced, replacement) : spaced;
    });
    return split ? cut(marked) : marked;
  };
}

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

export function byteLevelPreTokenizer(addPrefixSpace: boolean, useRegex: boolean): PreTokenize {
  const words = splitAt(eachMatch(translateOniguruma(GPT2)), 'Isolated');
  return (spans) => {
    const prefixed = addPrefixSpace
      ? spans.map((span) => (span.text.startsWith(' ') ? span : prependTo(span, ' ')))
      : [...spans];
    return (useRegex ? words(prefixed) : prefixed).map((span) => mapCharacters(span, byteLevel));
  };
}
