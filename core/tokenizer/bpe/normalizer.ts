import { refuseGrowth } from '../format-error.ts';

/** Normalization steps, applied in order. Names and meaning as in tokenizer.json. */
export type NormalizerStep =
  | { type: 'Replace'; pattern: string; content: string }
  /** Puts `content` before a text that is not empty. */
  | { type: 'Prepend'; content: string }
  /**
   * As `Prepend`, unless the text already begins with `content`. `first`: only at the beginning of the whole input. (If
   * normalization changed the length of that beginning, Hugging Face tokenizers may locate it elsewhere.)
   */
  | { type: 'PrependMissing'; content: string; first: boolean };

export interface NormalizedText {
  text: string;
  /**
   * Original position of each position in the normalized text (0…length). Undefined if both texts are equal. Positions inside a
   * replacement map to the end of the replaced text, those inside prepended text to 0.
   */
  origins: Int32Array | undefined;
}

/** `atStart`: the text is at the beginning of the whole input. */
export function normalize(text: string, steps: readonly NormalizerStep[], atStart: boolean): NormalizedText {
  let result: NormalizedText = { text, origins: undefined };
  for (const step of steps) {
    if (step.type === 'Replace') result = replace(result, step.pattern, step.content);
    else if (step.type === 'Prepend') {
      if (result.text !== '') result = prepend(result, step.content);
    } else if (!result.text.startsWith(step.content) && (atStart || !step.first))
      result = prepend(result, step.content);
  }
  return result;
}

function replace(input: NormalizedText, pattern: string, content: string): NormalizedText {
  const { text } = input;
  if (pattern.length === 1 && content.length === 1)
    return { text: text.replaceAll(pattern, content), origins: input.origins };
  if (!text.includes(pattern)) return input;
  const origins: number[] = [];
  const origin = (at: number) => input.origins?.[at] ?? at;
  let from = 0;
  for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, from)) {
    refuseGrowth(origins.length + content.length);
    for (; from < at; from++) origins.push(origin(from));
    const end = at + pattern.length;
    // A token that ends inside the content covers all of the replaced text; the following tokens are empty.
    for (let unit = 0; unit < content.length; unit++) origins.push(unit === 0 ? origin(at) : origin(end));
    from = end;
  }
  for (; from <= text.length; from++) origins.push(origin(from));
  return { text: text.replaceAll(pattern, () => content), origins: Int32Array.from(origins) };
}

function prepend(input: NormalizedText, content: string): NormalizedText {
  const { text } = input;
  refuseGrowth(content.length + text.length);
  const origins = new Int32Array(content.length + text.length + 1);
  for (let at = 0; at <= text.length; at++) origins[content.length + at] = input.origins?.[at] ?? at;
  return { text: content + text, origins };
}
