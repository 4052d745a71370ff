/** The fixture checkpoint with the stand-in tokenizer, and a small pack for it. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pack } from '#core/tokenizer/pack.ts';
import { requireTokenizerJson, type TokenizerJson } from '#core/tokenizer/tokenizer-file.ts';
import { writePack } from '#core/tokenizer/write-pack.ts';
import { isJsonObject, readJson } from '../../../exporter/checkpoint.ts';
import { writeStandInTokenizer } from '../../../scripts/stand-in-tokenizer.ts';
import { copyOfFixture, rewriteTensors, temporaryFolder } from './workbench.ts';

/** Ids and rows of the stand-in tokenizer and the fixture. */
export const BASE_SIZE = 512;

/** Of two, three and four base tokens; the first and the third begin alike, the last is made of two new ones. */
export const MERGES: Pack['merges'] = [
  ['환자', '의', 9],
  ['▁', '폐렴', 8],
  ['환자', '는', 7],
  ['정상', '소견', 6],
  ['▁폐렴', '환자의', 5],
];

export interface KoreanCheckpoint {
  checkpoint: string;
  /** Path of the pack. */
  pack: string;
  /** Base tokens of each new one. */
  subwords: number[][];
  idOf: (piece: string) => number;
}

/** @param padding rows of the matrix behind the tokenizer's last id */
export async function koreanCheckpoint(
  edit: { padding?: number; pack?: (pack: Pack) => Pack; config?: (config: Record<string, unknown>) => void } = {},
): Promise<KoreanCheckpoint> {
  const checkpoint = await copyOfFixture();
  await writeStandInTokenizer(checkpoint);
  const config = await readJson(checkpoint, 'config.json');
  if (edit.padding) await pad(checkpoint, config, edit.padding);
  edit.config?.(config);
  await writeFile(join(checkpoint, 'config.json'), JSON.stringify(config));

  const pack: Pack = {
    format: 'medgemma-ko-lab/korean/1',
    name: 'ko-5',
    base: { sha256: await hashOf(join(checkpoint, 'tokenizer.json')), size: BASE_SIZE },
    firstId: BASE_SIZE,
    corpus: { sha256: '0'.repeat(64), lines: 3, notice: 'Three lines, CC0' },
    method: 'bpe',
    options: {},
    merges: MERGES,
  };
  const path = join(await temporaryFolder(), 'ko-5.json');
  await writeFile(path, writePack(edit.pack ? edit.pack(pack) : pack));

  const { vocab } = (await tokenizerOf(checkpoint)).model;
  const idOf = (piece: string): number => {
    const id = vocab[piece];
    if (id === undefined) throw new Error(`the stand-in tokenizer has no "${piece}"`);
    return id;
  };
  const subwords = [
    ['환자', '의'],
    ['▁', '폐렴'],
    ['환자', '는'],
    ['정상', '소견'],
    ['▁', '폐렴', '환자', '의'],
  ].map((pieces) => pieces.map(idOf));
  return { checkpoint, pack: path, subwords, idOf };
}

export async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

export async function tokenizerOf(folder: string): Promise<TokenizerJson> {
  return requireTokenizerJson(await readJson(folder, 'tokenizer.json'));
}

/** Rows of padding: like no other row, so that it shows where they land. */
async function pad(checkpoint: string, config: Record<string, unknown>, padding: number): Promise<void> {
  const text = config['text_config'];
  if (!isJsonObject(text)) throw new Error('the fixture has no text_config');
  text['vocab_size'] = BASE_SIZE + padding;
  await rewriteTensors(join(checkpoint, 'model.safetensors'), (tensors) =>
    tensors.map((tensor) => {
      if (!tensor.name.endsWith('embed_tokens.weight')) return tensor;
      const rowBytes = tensor.data.length / BASE_SIZE;
      // 0x3e3e is a bfloat16 of 0.185…
      const data = new Uint8Array(tensor.data.length + padding * rowBytes).fill(0x3e);
      data.set(tensor.data);
      return { ...tensor, shape: [BASE_SIZE + padding, ...tensor.shape.slice(1)], data };
    }),
  );
}
