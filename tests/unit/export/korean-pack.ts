/** The fixture checkpoint with the stand-in tokenizer, and a small pack for it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { requireTokenizerJson, type TokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';
import { isJsonObject } from '#core/json.ts';
import { readJson } from '../../reference/json.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { BASE_SIZE, SUBWORDS, writeKoreanPack } from '../../reference/korean.ts';
import { copyOfFixture, rewriteTensors, temporaryFolder } from './workbench.ts';

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

  const path = join(await temporaryFolder(), 'ko-5.json');
  await writeKoreanPack(join(checkpoint, 'tokenizer.json'), path, edit.pack);

  const { vocab } = (await tokenizerOf(checkpoint)).model;
  const idOf = (piece: string): number => {
    const id = vocab[piece];
    if (id === undefined) throw new Error(`the stand-in tokenizer has no "${piece}"`);
    return id;
  };
  const subwords = SUBWORDS.map((pieces) => pieces.map(idOf));
  return { checkpoint, pack: path, subwords, idOf };
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
