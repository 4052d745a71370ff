/** A small pack for the stand-in tokenizer. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { writePack } from '#core/tokenizer/korean/write-pack.ts';

/** Ids of the stand-in tokenizer, and rows of the fixture. */
export const BASE_SIZE = 512;

/** Of two and four base tokens; the first and the third begin alike, the last is made of two new ones. */
export const MERGES: Pack['merges'] = [
  ['환자', '의', 9],
  ['▁', '폐렴', 8],
  ['환자', '는', 7],
  ['정상', '소견', 6],
  ['▁폐렴', '환자의', 5],
];

/** The pieces of each new token in the base. */
export const SUBWORDS = [
  ['환자', '의'],
  ['▁', '폐렴'],
  ['환자', '는'],
  ['정상', '소견'],
  ['▁', '폐렴', '환자', '의'],
];

/** @param tokenizer path of the base tokenizer.json */
export async function writeKoreanPack(
  tokenizer: string,
  out: string,
  edit: (pack: Pack) => Pack = (pack) => pack,
): Promise<void> {
  const pack: Pack = {
    format: 'medgemma-ko-lab/korean/1',
    name: 'ko-5',
    base: {
      sha256: createHash('sha256')
        .update(await readFile(tokenizer))
        .digest('hex'),
      size: BASE_SIZE,
    },
    firstId: BASE_SIZE,
    corpus: { sha256: '0'.repeat(64), lines: 3, notice: 'Three lines, CC0' },
    method: 'bpe',
    options: {},
    merges: MERGES,
  };
  await writeFile(out, writePack(edit(pack)));
}
