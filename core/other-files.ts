/** Recognises files that are picked, or answered by a server, in place of the one that was meant. */
import { isJsonObject } from './json.ts';
import { otherTextOf, type OtherFile } from './other-text.ts';

/** In English, for the command line; src/messages has the page's texts. */
export const OTHER_FILES: Readonly<Record<OtherFile, string>> = {
  lfsPointer: 'a Git LFS pointer, not the file itself: run "git lfs pull", or download the file from its page',
  webPage: 'a web page, perhaps one that asks to log in: log in, accept the terms there and download the file itself',
  gatedAnswer:
    'a server’s answer that access is restricted: log in, accept the terms on the model’s page and download it again',
  errorAnswer: 'a server’s error, not the file: check the address and download it again',
  vocabJson: 'the vocab.json of a byte-level BPE, without merges.txt and settings: open the tokenizer.json beside it',
  mergesTxt: 'the merges.txt of a BPE, without its vocabulary: open the tokenizer.json beside it',
  vocabTxt:
    'a vocab.txt of WordPiece, without settings: open the tokenizer.json beside it, or save one with transformers',
  sentencepieceVocab: 'the list of a SentencePiece model’s pieces: open the .model beside it',
  tiktoken: 'a tiktoken vocabulary, which is not supported: open the model’s tokenizer.json',
  tekken: 'Mistral’s tekken.json, which is not supported: open the tokenizer.json of the same repository',
  tokenizerConfig: 'a tokenizer_config.json, which holds only settings: open the tokenizer.json beside it',
  specialTokensMap: 'a special_tokens_map.json, which holds only names: open the tokenizer.json beside it',
  modelConfig: 'a model’s config.json: open the tokenizer.json beside it',
  weights: 'a file of weights, not a tokenizer: open the tokenizer.json beside it',
  archive: 'a packed archive: unpack it and open the tokenizer.json in it',
};

/** What the bytes are by their beginning; undefined for JSON and for what is not known. */
export function otherFileOf(bytes: Uint8Array): OtherFile | undefined {
  const startsWith = (...start: number[]) => start.every((byte, at) => bytes[at] === byte);
  if (startsWith(0x50, 0x4b, 3, 4) || startsWith(0x1f, 0x8b)) return 'archive';
  // GGUF, and the eight bytes of length before the JSON of safetensors.
  if (startsWith(0x47, 0x47, 0x55, 0x46) || (bytes[8] === 0x7b && bytes[7] === 0 && bytes[6] === 0)) return 'weights';
  const text = new TextDecoder().decode(bytes.subarray(0, 4096));
  const answer = otherTextOf(text);
  // A SentencePiece model begins with a line break.
  return answer ?? (bytes[0] === 0x0a ? undefined : listOf(text));
}

function listOf(text: string): OtherFile | undefined {
  const lines = text.split(/\r?\n/).slice(0, -1).slice(0, 50);
  if (lines.length < 3) return undefined;
  const all = (form: RegExp) => lines.every((line) => form.test(line));
  if (lines[0]?.startsWith('#version')) return 'mergesTxt';
  if (all(/^[A-Za-z0-9+/]+=* \d+$/)) return 'tiktoken';
  if (all(/^\S+\t-?[\d.e-]+$/)) return 'sentencepieceVocab';
  if (lines.some((line) => /^\[(?:PAD|UNK|CLS)\]$/.test(line)) && all(/^\S*$/)) return 'vocabTxt';
  return undefined;
}

/** What parsed JSON is, if it is no tokenizer.json. */
export function otherJsonOf(json: unknown): OtherFile | undefined {
  if (!isJsonObject(json) || isJsonObject(json['model'])) return undefined;
  const { error, config, vocab } = json;
  if (typeof error === 'string' || isJsonObject(error)) {
    return /restricted|gated|authenticat|authoriz|log ?in|access/i.test(JSON.stringify(error))
      ? 'gatedAnswer'
      : 'errorAnswer';
  }
  if (isJsonObject(config) && typeof config['pattern'] === 'string' && Array.isArray(vocab)) return 'tekken';
  if (json['tokenizer_class'] !== undefined || isJsonObject(json['added_tokens_decoder'])) return 'tokenizerConfig';
  if (json['model_type'] !== undefined || json['architectures'] !== undefined) return 'modelConfig';
  const entries = Object.entries(json);
  if (entries.length > 0 && entries.every(([name]) => /_tokens?$/.test(name))) return 'specialTokensMap';
  if (entries.length > 1 && entries.every(([, id]) => Number.isInteger(id))) return 'vocabJson';
  return undefined;
}
