/**
 * Every kind of step and model of a tokenizer.json, and every field of each, with what is done about it. A file is held to this
 * table before it is read, so that nothing in it is passed over. docs/tokenizers.md shows the table; a test keeps them in sync.
 */
import {
  anything,
  asciiText,
  behavior,
  character,
  count,
  flag,
  only,
  oneOf,
  orNull,
  pattern,
  readElsewhere,
  text,
  zero,
  type FieldType,
} from './field-types.ts';

/**
 * exact: the tokens are those of Hugging Face tokenizers · no effect: does not change the tokens of a text without special tokens ·
 * refused: an error that names it
 */
export type Treatment = 'exact' | 'no effect' | 'refused';

export interface Kind {
  treatment: Treatment;
  fields: Readonly<Record<string, FieldType>>;
}

export type Kinds = Readonly<Record<string, Kind>>;

const exact = (fields: Kind['fields'] = {}): Kind => ({ treatment: 'exact', fields });
const without = (fields: Kind['fields'] = {}): Kind => ({ treatment: 'no effect', fields });
const refused: Kind = { treatment: 'refused', fields: {} };

export const NORMALIZERS: Kinds = {
  Sequence: exact({ normalizers: readElsewhere }),
  NFC: exact(),
  NFD: exact(),
  NFKC: exact(),
  NFKD: exact(),
  Lowercase: exact(),
  Strip: exact({ strip_left: flag, strip_right: flag }),
  StripAccents: exact(),
  Nmt: exact(),
  Precompiled: exact({ precompiled_charsmap: text }),
  Replace: exact({ pattern, content: text }),
  Prepend: exact({ prepend: text }),
  ByteLevel: exact(),
  BertNormalizer: exact({
    clean_text: flag,
    handle_chinese_chars: flag,
    strip_accents: orNull(flag),
    lowercase: flag,
  }),
};

const byteLevel = { add_prefix_space: flag, use_regex: flag, trim_offsets: flag };
/** `str_rep` is what old files call `replacement`. */
const metaspace = {
  replacement: character,
  prepend_scheme: oneOf(['always', 'first', 'never']),
  add_prefix_space: flag,
  split: flag,
  str_rep: only(text, ['▁']),
};

export const PRE_TOKENIZERS: Kinds = {
  Sequence: exact({ pretokenizers: readElsewhere }),
  ByteLevel: exact(byteLevel),
  Metaspace: exact(metaspace),
  Split: exact({ pattern, behavior, invert: flag }),
  Digits: exact({ individual_digits: flag }),
  Punctuation: exact({ behavior }),
  CharDelimiterSplit: exact({ delimiter: character }),
  FixedLength: exact({ length: count }),
  Whitespace: exact(),
  WhitespaceSplit: exact(),
  BertPreTokenizer: exact(),
  UnicodeScripts: refused,
};

const unknownToken = text;

export const MODELS: Kinds = {
  BPE: exact({
    vocab: readElsewhere,
    merges: readElsewhere,
    dropout: orNull(zero),
    unk_token: orNull(unknownToken),
    fuse_unk: orNull(flag),
    byte_fallback: orNull(flag),
    ignore_merges: orNull(flag),
    continuing_subword_prefix: orNull(asciiText),
    end_of_word_suffix: orNull(text),
  }),
  Unigram: exact({ vocab: readElsewhere, unk_id: orNull(count), byte_fallback: orNull(flag) }),
  WordPiece: exact({
    vocab: readElsewhere,
    unk_token: unknownToken,
    continuing_subword_prefix: text,
    max_input_chars_per_word: count,
  }),
  WordLevel: exact({ vocab: readElsewhere, unk_token: unknownToken }),
};

export const POST_PROCESSORS: Kinds = {
  Sequence: without({ processors: readElsewhere }),
  TemplateProcessing: without({ single: anything, pair: anything, special_tokens: anything }),
  BertProcessing: without({ sep: anything, cls: anything }),
  RobertaProcessing: without({ sep: anything, cls: anything, trim_offsets: flag, add_prefix_space: flag }),
  ByteLevel: without(byteLevel),
};

export const DECODERS: Kinds = {
  Sequence: exact({ decoders: readElsewhere }),
  ByteLevel: exact(byteLevel),
  ByteFallback: exact(),
  Fuse: exact(),
  Strip: exact({ content: character, start: count, stop: count }),
  Replace: exact({ pattern, content: text }),
  Metaspace: exact(metaspace),
  WordPiece: exact({ prefix: text, cleanup: flag }),
  BPEDecoder: exact({ suffix: text }),
  CTC: refused,
};

export const ADDED_TOKEN: Kind['fields'] = {
  id: count,
  content: text,
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  normalized: flag,
  special: flag,
};

/** Cuts and fills that transformers switches off for a call that does not ask for them. */
export const TRUNCATION: Kind['fields'] = {
  direction: anything,
  max_length: anything,
  strategy: anything,
  stride: anything,
};
export const PADDING: Kind['fields'] = {
  strategy: anything,
  direction: anything,
  pad_to_multiple_of: anything,
  pad_id: anything,
  pad_type_id: anything,
  pad_token: anything,
};
