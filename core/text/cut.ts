/**
 * The first `most` UTF-16 units of a text, or one fewer where the cut would split a surrogate pair: half of a pair is no
 * character, and would be counted as U+FFFD.
 */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  return text.slice(0, splitsPair(text, most) ? most - 1 : most);
}

/** `cutText` with an ellipsis where something was cut off. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${cutText(text, most)}…` : text;
}

/** True if a cut before the unit at `at` splits a surrogate pair. */
export function splitsPair(text: string, at: number): boolean {
  return (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
