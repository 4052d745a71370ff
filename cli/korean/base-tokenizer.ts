import { kindOfJson } from '#core/files/json-kind.ts';
import { kindOf } from '#core/files/kind.ts';
import { OtherFileError, refuseOtherJson } from '#core/files/other-file.ts';
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

/** @throws CommandError that names the file, OtherFileError for a file of another kind */
export async function readBase(path: string): Promise<BaseTokenizer> {
  const { bytes, sha256 } = await readWholeFile(path);
  const found = kindOf(bytes);
  if (found?.kind === 'sentencepieceModel')
    throw new OtherFileError(path, found, 'tokenizer', { next: 'name the tokenizer.json of the same model' });
  const json = parseJson(path, bytes, 'tokenizer');
  return { tokenizer: tokenizerOf(path, json), sha256, json, indented: bytes[1] === 0x0a };
}

/** The encoder that packs extend: BPE of Gemma's kind. @throws CommandError that names the file, OtherFileError for JSON of another kind */
export function tokenizerOf(path: string, json: unknown): BpeTokenizer {
  refuseNoTokenizer(path, json);
  return readTokenizerFile(path, () => readTokenizerJson(json));
}

/** @throws OtherFileError for JSON of another kind, and for a pack, which the page alone merges as it opens it */
export function refuseNoTokenizer(path: string, json: unknown): void {
  refuseOtherJson(json, path, 'tokenizer');
  const found = kindOfJson(json);
  if (found?.kind === 'koreanPack')
    throw new OtherFileError(path, found, 'tokenizer', {
      next: 'name a tokenizer.json; "npm run korean -- merge" makes one of a pack and its base',
    });
}

/** @throws CommandError that names the file, in place of a TokenizerFormatError */
export function readTokenizerFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TokenizerFormatError)) throw error;
    const { reason, message } = error;
    const what =
      reason === 'unsupported'
        ? '(not supported here, though it may be valid)'
        : '(damaged, or no tokenizer); name the tokenizer.json of a model, or download it again';
    throw new CommandError(`${path}: ${message} ${what}`, { cause: error });
  }
}
