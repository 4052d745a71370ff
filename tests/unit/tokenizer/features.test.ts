import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';
import { readSentencePieceFile } from '#core/tokenizer/sentencepiece/file.ts';

/** By tests/reference/tokenizer_features.py. `error`: Hugging Face tokenizers does not read the file, or fails at the text. */
interface Case {
  error?: string;
  expected?: (string | { error: string })[];
}
interface Features {
  texts: string[];
  bytes: Record<string, Case & { normalizer?: unknown; pre_tokenizer?: unknown; added_tokens?: unknown }>;
  models: Record<string, Case & { file: object; decoded?: string[] }>;
}

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tokenizer/${name}`, import.meta.url));
const path = process.env['FEATURES'];

/** The charsmap of a model stands in the file as the model's name. */
function withCharsmaps(text: string): string {
  return ['unigram-nfkc.model', 'bpe-rules.model'].reduce((all, name) => {
    const { charsmap } = readSentencePieceFile(fixture(name)).normalizer;
    return all.replaceAll(`"@${name}"`, `"${Buffer.from(charsmap).toString('base64')}"`);
  }, text);
}

const features = JSON.parse(
  withCharsmaps(gunzipSync(path === undefined ? fixture('features.json.gz') : readFileSync(path)).toString('utf8')),
) as Features;

/** What Hugging Face tokenizers reads and we do not, with the words that name it. */
const REFUSED: Record<string, string> = {
  'pre_tokenizer UnicodeScripts': 'pre_tokenizer: UnicodeScripts',
  'pre_tokenizer Split empty String': '"pattern" {"String":""}',
  'pre_tokenizer Regex \\R': 'has \\R',
  'pre_tokenizer Regex \\X': 'has \\X',
  'pre_tokenizer Regex (?i)abc': 'has "(?i)"',
  'pre_tokenizer Regex (?m:a.)': 'has "(?m:"',
  'pre_tokenizer Regex \\p{Punct}': 'has \\p{Punct}',
  'pre_tokenizer Regex a{2}+': 'has "{2}+"',
  'pre_tokenizer Regex (a)\\1': 'has \\1',
  'pre_tokenizer Regex (?<n>a)': 'has "(?<n"',
  'pre_tokenizer Regex [[:punct:]]': 'has [:punct:]',
  'pre_tokenizer Regex \\p{Emoji}': 'has \\p{Emoji}',
  'pre_tokenizer Regex (?i:ss)': 'has (?i:ss)',
  'pre_tokenizer Regex (?i:[^a])': 'has (?i:[^…])',
  'BPE unk_token not in vocab': 'unk_token "?!"',
  'Unigram no unk_id': '"unk_id" null',
  'WordLevel without unknown': 'unk_token "[NONE]"',
  'WordPiece without unknown': 'unk_token "[NONE]"',
};

const vocab: Record<string, number> = { '<unk>': 256 };
for (let byte = 0; byte < 256; byte++) vocab[`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`] = byte;
const model = { type: 'BPE', vocab, merges: [], byte_fallback: true, unk_token: '<unk>', end_of_word_suffix: '|' };

/** The bytes as text, and "⟦257⟧" for other ids. */
function shown(ids: Int32Array): string {
  let out = '';
  let bytes: number[] = [];
  const flush = () => {
    out += new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    bytes = [];
  };
  for (const id of ids) {
    if (id < 256) bytes.push(id);
    else {
      flush();
      out += `⟦${id}⟧`;
    }
  }
  flush();
  return out;
}

function hold(name: string, file: unknown, { error, expected = [] }: Case, view: (ids: Int32Array) => string): void {
  const named = REFUSED[name];
  if (error !== undefined || named !== undefined) {
    expect(() => openTokenizer(file)).toThrow(named ?? '');
    expect(() => openTokenizer(file)).toThrow(expect.objectContaining({ reason: 'unsupported' }));
    return;
  }
  const { tokenizer } = openTokenizer(file);
  const made = features.texts.map((text) => tokenizer.segment(text));
  expect(made.map(({ ids }, at) => (typeof expected[at] === 'string' ? view(ids) : expected[at]))).toEqual(expected);
  const wrongEnds = features.texts.filter((text, at) => {
    const ends = made[at]?.ends ?? [];
    return ends.length > 0 && (ends.at(-1) !== text.length || ends.some((end, token) => end < (ends[token - 1] ?? 0)));
  });
  expect(wrongEnds).toEqual([]);
}

describe('normalizers, pre-tokenizers and added tokens are those of Hugging Face tokenizers, or refused by name', () => {
  it.each(Object.entries(features.bytes))('%s', (name, { error, expected, ...parts }) => {
    hold(name, { version: '1.0', model, ...parts }, { ...(error && { error }), ...(expected && { expected }) }, shown);
  });
});

describe('models make the ids of Hugging Face tokenizers, or are refused by name', () => {
  it.each(Object.entries(features.models))('%s', (name, { file, decoded, ...wanted }) => {
    hold(name, file, wanted, (ids) => ids.join(' '));
    if (!decoded) return;
    const { tokenizer } = openTokenizer(file);
    expect(features.texts.map((text) => tokenizer.decode(tokenizer.encode(text)))).toEqual(decoded);
  });
});

it('every refusal of the list is tried', () => {
  const names = [...Object.keys(features.bytes), ...Object.keys(features.models)];
  expect(Object.keys(REFUSED).filter((name) => !names.includes(name))).toEqual([]);
});
