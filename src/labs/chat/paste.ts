import type { Attachments } from '../../chat/attachments.svelte.ts';
import type { Session } from '../../chat/session.svelte.ts';

/** In characters. The longest context, 32,768 tokens, holds about 130,000 of English; a text field freezes at millions. */
export const LONGEST_PASTE = 400_000;

export type Paste = { type: 'files'; files: File[] } | { type: 'text'; text: string } | { type: 'nothing' };

/** The part of `DataTransfer` that is read. */
export interface Clipboard {
  readonly files: ArrayLike<File>;
  getData(format: string): string;
}

/**
 * What of the clipboard is meant. Word and Excel offer the copied text and a picture of it: the text is meant. File managers
 * offer copied files and their names: the files are meant.
 */
export function readPaste(clipboard: Clipboard): Paste {
  const files = Array.from(clipboard.files);
  const text = clipboard.getData('text/plain');
  if (files.length > 0 && (text.trim() === '' || areNames(text, files))) return { type: 'files', files };
  return text === '' ? { type: 'nothing' } : { type: 'text', text };
}

/** True if the lines of the text are the names or paths of the files. */
function areNames(text: string, files: readonly File[]): boolean {
  const names = new Set(files.map(({ name }) => name));
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.every((line) => {
    const last = line.trim().split(/[\\/]/).at(-1) ?? '';
    return names.has(last) || names.has(decoded(last));
  });
}

/** Paths may come as `file://` addresses. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Takes files, and refuses a text that is too long, in place of the text field; the field takes any other text itself. */
export function takePaste(event: ClipboardEvent, attachments: Attachments, session: Session): void {
  if (!event.clipboardData) return;
  const paste = readPaste(event.clipboardData);
  session.pasteRefused = paste.type === 'text' && paste.text.length > LONGEST_PASTE ? paste.text.length : 0;
  if (paste.type === 'files') void attachments.add(paste.files);
  if (paste.type === 'files' || session.pasteRefused > 0) event.preventDefault();
}

/** A paste into nothing in particular goes to the composer, with its text at the caret. */
export function pasteIntoComposer(event: ClipboardEvent, composer: HTMLTextAreaElement, session: Session): void {
  if (event.defaultPrevented || isForAnother(event.target, composer)) return;
  takePaste(event, session.attachments, session);
  if (event.target === composer) return;
  composer.focus();
  if (event.defaultPrevented || !event.clipboardData) return;
  event.preventDefault();
  const { selectionStart, selectionEnd } = composer;
  composer.setRangeText(event.clipboardData.getData('text/plain'), selectionStart, selectionEnd, 'end');
  composer.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertFromPaste' }));
}

/** True if something else takes the paste: a field, or a dialog. */
function isForAnother(target: EventTarget | null, composer: HTMLTextAreaElement): boolean {
  if (target === composer) return false;
  if (document.querySelector('[role="dialog"]')) return true;
  if (!(target instanceof Element)) return false;
  return target.closest('input, textarea, select, [contenteditable]:not([contenteditable="false"])') !== null;
}
