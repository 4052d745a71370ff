/** Reads the training texts into a trainer. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import type { VocabularyTrainer } from '#core/tokenizer/korean/train.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { progressBar } from '../shared/progress.ts';
import { encodingNote, packedSize } from './text-file.ts';
import { decomposedNote, eachLine } from './text-lines.ts';
import { shownWeight, type WeightedText } from './weighted-text.ts';

export interface Corpus extends Omit<Pack['corpus'], 'notice'> {
  /** Lines with decomposed Hangul. */
  decomposed: number;
}

/** Prints what must be known of a file. One text without a weight gives no `sources`: it is the corpus. */
export async function readTexts(
  texts: readonly WeightedText[],
  nfc: boolean,
  trainer: VocabularyTrainer,
  io: CommandIo,
): Promise<Corpus> {
  const sizes = await Promise.all(texts.map(({ path }) => packedSize(path)));
  const bar = progressBar(
    io.stderr,
    sizes.reduce((sum, size) => sum + size, 0),
    { label: 'reading' },
  );
  const sources: NonNullable<Corpus['sources']> = [];
  const notes: (string | undefined)[] = [];
  let allDecomposed = 0;
  try {
    for (const { path, weight } of texts) {
      trainer.beginText(weight);
      const file = await eachLine(path, (line) => trainer.add(line), {
        onRead: (bytes) => bar.add(bytes),
        signal: io.signal,
      });
      const { sha256, lines, decomposed } = file;
      allDecomposed += decomposed;
      sources.push({ file: basename(path), sha256, lines, weight: shownWeight(weight) });
      notes.push(encodingNote(path, file), decomposedNote(`${path}: ${decomposed} of ${lines} lines`, decomposed, nfc));
    }
  } finally {
    bar.stop();
  }
  for (const note of notes) if (note !== undefined) printLine(io.stderr, note);
  const [only] = sources;
  const lines = sources.reduce((sum, source) => sum + source.lines, 0);
  if (only && sources.length === 1 && only.weight === '1')
    return { sha256: only.sha256, lines, decomposed: allDecomposed };
  return { sha256: hashOf(sources), lines, sources, decomposed: allDecomposed };
}

/** SHA-256 of the lines that `sha256sum` prints of the files. */
function hashOf(sources: readonly { file: string; sha256: string }[]): string {
  const hash = createHash('sha256');
  for (const { file, sha256 } of sources) hash.update(`${sha256}  ${file}\n`);
  return hash.digest('hex');
}
