/** `npm run korean -- inspect` */
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { readPackFile } from '../shared/pack-file.ts';
import { table } from '../shared/table.ts';

export interface InspectFlags {
  pack: string;
  merges: number;
}

/** Prints the content of a pack. @throws CommandError that names the file and the place where the pack is not well formed */
export async function inspect({ pack: path, merges: shown }: InspectFlags, io: CommandIo): Promise<void> {
  const { pack, sha256 } = await readPackFile(path);
  const { base, corpus, merges, firstId } = pack;
  const last = firstId + merges.length - 1;
  printLine(
    io.stdout,
    table(
      [
        ['name', pack.name],
        ['pack', `${path}, SHA-256 ${sha256}`],
        ['base', `tokenizer.json with ${base.size} ids, SHA-256 ${base.sha256}`],
        ['new tokens', merges.length === 0 ? 'none' : `${merges.length}, ids ${firstId} to ${last}`],
        ['method', pack.method],
        [
          'options',
          Object.entries(pack.options)
            .map(([name, value]) => `${name}=${value}`)
            .join(' '),
        ],
        ['text', `${corpus.lines} lines, SHA-256 ${corpus.sha256}`],
        ...(corpus.sources ?? []).map((source) => [
          '',
          `${source.file}:${source.weight}, ${source.lines} lines, SHA-256 ${source.sha256}`,
        ]),
        ['notice', corpus.notice],
      ].map(([name = '', value = '']) => [`${name.padEnd(10)}  ${value}`]),
    ),
  );
  printLine(io.stdout, `\n${table([['characters', 'pieces', 'with ▁'], ...lengths(pack)])}`);
  const rows = merges.map(([left, right, frequency], index) => [
    String(firstId + index),
    `${left} + ${right}`,
    String(frequency),
  ]);
  const cut = rows.length <= 2 * shown ? rows : [...rows.slice(0, shown), ['…', '', ''], ...rows.slice(-shown)];
  printLine(io.stdout, `\n${table([['id', 'merge', 'frequency'], ...cut])}`);
  printLine(io.stdout, '\nwell formed: every field is there, no piece comes twice or is used before it is made');
}

/** Number of pieces by length in characters; "▁" does not count. */
function lengths({ merges }: Pack): string[][] {
  const counts = new Map<number, { all: number; spaced: number }>();
  for (const [left, right] of merges) {
    const piece = left + right;
    const length = Array.from(piece.replaceAll('▁', '')).length;
    const count = counts.get(length) ?? { all: 0, spaced: 0 };
    count.all++;
    if (piece.startsWith('▁')) count.spaced++;
    counts.set(length, count);
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([length, { all, spaced }]) => [String(length), String(all), String(spaced)]);
}
