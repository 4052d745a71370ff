/** Escapes what a terminal or a page would not show as it is: control characters, and those that change the direction of text. */
export function printable(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex -- these are what is escaped
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
