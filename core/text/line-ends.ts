const LINE_ENDS = /\r\n?/g;

/** Windows and old Macintosh line ends become "\n", as in a text area, so that the counted text is the shown one. */
export function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replace(LINE_ENDS, '\n') : text;
}
