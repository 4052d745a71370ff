import { readFileSync } from 'node:fs';
import { bytesOfCases } from './image-case.ts';

/** The cases of `image_kinds.py`. */
export function imageCases() {
  const text = readFileSync(new URL('../fixtures/images/kinds.json', import.meta.url), 'utf8');
  return bytesOfCases(JSON.parse(text));
}
