/** Splits a text at a literal string before BPE; behaviors as in tokenizer.json. No merge crosses a split. */
export interface PreTokenizerSplit {
  pattern: string;
  behavior: 'MergedWithPrevious' | 'MergedWithNext' | 'Isolated';
}

/** Ends of the parts, ascending; the last one is the end of the text. */
export function cutsOf(text: string, split: PreTokenizerSplit | undefined): number[] {
  const cuts: number[] = [];
  if (split) {
    const { pattern, behavior } = split;
    for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, at + pattern.length)) {
      if (behavior !== 'MergedWithPrevious' && at > (cuts.at(-1) ?? 0)) cuts.push(at);
      if (behavior !== 'MergedWithNext') cuts.push(at + pattern.length);
    }
  }
  if (cuts.at(-1) !== text.length) cuts.push(text.length);
  return cuts;
}
