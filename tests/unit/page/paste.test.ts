import { expect, test } from 'vitest';
import { readPaste, type Clipboard } from '../../../src/labs/chat/paste.ts';

const picture = (name = 'image.png') => new File(['x'], name, { type: 'image/png' });
const clipboard = (text: string, ...files: File[]): Clipboard => ({
  files,
  getData: (format) => (format === 'text/plain' ? text : ''),
});
const kind = (text: string, ...files: File[]) => readPaste(clipboard(text, ...files)).type;

test.each([
  ['Word, Excel: a text and a picture of it', 'a\tb\r\n1\t2', [picture()], 'text'],
  ['text', 'text', [], 'text'],
  ['a screenshot', '', [picture()], 'files'],
  ['an Excel chart, beside a blank line', '\r\n', [picture()], 'files'],
  ['copied files of several kinds', '', [picture('a.png'), new File(['x'], 'b.pdf')], 'files'],
  ['Finder: files and their names', 'scan 1.png\rscan.png', [picture('scan.png')], 'text'],
  ['Finder: a file and its name', 'scan 1.png', [picture('scan 1.png')], 'files'],
  ['Linux: files and their addresses', 'file:///home/a/%EA%B0%80.png\n', [picture('가.png')], 'files'],
  ['Windows: a path', String.raw`C:\pictures\scan.png`, [picture('scan.png')], 'files'],
  ['a percent sign that begins no character', '100%', [picture('scan.png')], 'text'],
  ['nothing', '', [], 'nothing'],
] as const)('%s', (_, text, files, expected) => {
  expect(kind(text, ...files)).toBe(expected);
});
