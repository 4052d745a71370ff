import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { CommandError } from '../shared/errors.ts';
import { parseJson, readWholeFile } from '../shared/read-file.ts';

export interface BaseTokenizer {
  tokenizer: BpeTokenizer;
  /** Of the file, hex. */
  sha256: string;
  /** The parsed file. */
  json: unknown;
  /** Whether the file is written with line breaks and indents. */
  indented: boolean;
}

/** @throws CommandError that names the file */
export async function readBase(path: string): Promise<BaseTokenizer> {
  const { bytes, sha256 } = await readWholeFile(path);
  const json = parseJson(path, bytes);
  return { tokenizer: tokenizerOf(path, json), sha256, json, indented: bytes[1] === 0x0a };
}

/** @throws CommandError that names the file */
export function tokenizerOf(path: string, json: unknown): BpeTokenizer {
  try {
    return readTokenizerJson(json);
  } catch (error) {
    if (error instanceof TokenizerFormatError) throw new CommandError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
