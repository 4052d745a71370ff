/** Replaces the UTF-16 units from `start` to `end` by `insert`. */
export interface TextEdit {
  start: number;
  end: number;
  insert: string;
}

/** The shortest replacement that turns `before` into `after`. */
export function editBetween(before: string, after: string): TextEdit {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  const isKept = (count: number) =>
    before.charCodeAt(before.length - 1 - count) === after.charCodeAt(after.length - 1 - count);
  let kept = 0;
  while (kept < most - start && isKept(kept)) kept++;
  return { start, end: before.length - kept, insert: after.slice(start, after.length - kept) };
}

export function applyEdit(text: string, { start, end, insert }: TextEdit): string {
  return text.slice(0, start) + insert + text.slice(end);
}
