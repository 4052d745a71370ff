import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { KoreanError } from './errors.ts';
import { parseJson, readWhole } from '../shared/files.ts';

export interface BaseTokenizer {
  tokenizer: BpeTokenizer;
  /** Of the file, hex. */
  sha256: string;
  /** What JSON.parse made of the file. */
  json: unknown;
  /** Whether the file is written with line breaks and indents. */
  indented: boolean;
}

/** @throws KoreanError that names the file */
export async function readBase(path: string): Promise<BaseTokenizer> {
  const { bytes, sha256 } = await readWhole(path);
  const json = parseJson(path, bytes);
  return { tokenizer: tokenizerOf(path, json), sha256, json, indented: bytes[1] === 0x0a };
}

/** @throws KoreanError that names the file */
export function tokenizerOf(path: string, json: unknown): BpeTokenizer {
  try {
    return readTokenizerJson(json);
  } catch (error) {
    if (error instanceof TokenizerFormatError) throw new KoreanError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
