import type { Pack } from './pack.ts';

/** The pack as JSON text with one merge per line, which is compact and suits `diff`. */
export function writePack(pack: Pack): string {
  const { merges, ...head } = pack;
  const lines = merges.map((merge) => JSON.stringify(merge)).join(',\n');
  return `${JSON.stringify(head, undefined, 1).slice(0, -2)},\n "merges": [\n${lines}\n]}\n`;
}
