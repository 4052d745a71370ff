/**
 * A stand-in tokenizer for the fixture checkpoint (512 embedding rows, random weights). It has every byte, so that any
 * Unicode text survives encoding and decoding (except "▁", U+2581, which means a space, as in Gemma), and some Hangul
 * syllables and Latin words, so that random output is readable. It says nothing about how Gemma's tokenizer segments text.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GEMMA3_CHAT_TEMPLATE } from '#core/chat/gemma3-template.ts';

const VOCABULARY_SIZE = 512;

/** Ids that config.json of the checkpoint fixes, and the turn markers, which it does not name. */
const SPECIAL: Readonly<Record<string, number>> = {
  '<pad>': 0,
  '<eos>': 1,
  '<bos>': 2,
  '<end_of_turn>': 3,
  '<start_of_turn>': 4,
  '<unk>': 5,
  '<image_soft_token>': 500,
  '<start_of_image>': 501,
  '<end_of_image>': 502,
};

/** Markers of thinking, with their names in Gemma's vocabulary, where they are not special either. */
const THOUGHT: Readonly<Record<string, number>> = { '<unused94>': 6, '<unused95>': 7 };

/** Id of byte 0: the 256 bytes end where the image tokens begin. */
const FIRST_BYTE = 244;

// A word needs an id for each of its prefixes, because BPE builds it by merging one character at a time.
const WORDS = [
  '환자',
  '의사',
  '영상',
  '검사',
  '결과',
  '진단',
  '치료',
  '폐렴',
  '정상',
  '소견',
  '흉부',
  '안녕',
  '하세요',
  '습니다',
  '입니다',
];
const LATIN_WORDS = [
  'the',
  'and',
  'is',
  'in',
  'of',
  'no',
  'on',
  'to',
  'lung',
  'left',
  'right',
  'scan',
  'test',
  'image',
];
const PUNCTUATION = '▁\n.,?!:()-0123456789';

/** Frequent Korean syllables; they fill the ids that are left. */
const SYLLABLES =
  '이다는을가의에로고하지한를은도서기어해사인리나자시대있그아수일부정보게들관전성장과니원제라상라주와' +
  '으스구동공여만문경조용생신면우유위세선유오방연안물국연화실중미계비요모분개트당발치음양감호없명소영' +
  '금행통때같데말된되할것했무업내년월차적러및진체마역교현지산거법드반심간레회불터본력식노운차건축강속병';

interface TokenizerFiles {
  tokenizer: Record<string, unknown>;
  config: Record<string, unknown>;
  specialTokensMap: Record<string, unknown>;
}

/** The contents of tokenizer.json, tokenizer_config.json and special_tokens_map.json. */
export function standInTokenizer(): TokenizerFiles {
  const vocabulary = new Map<string, number>(Object.entries({ ...SPECIAL, ...THOUGHT }));
  for (let byte = 0; byte < 256; byte++) {
    vocabulary.set(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, FIRST_BYTE + byte);
  }
  const taken = new Set(vocabulary.values());
  const free = Array.from({ length: VOCABULARY_SIZE }, (_, id) => id).filter((id) => !taken.has(id));
  const merges: [string, string][] = [];

  const add = (token: string) => {
    if (vocabulary.has(token)) return;
    const id = free.shift();
    if (id === undefined) throw new Error(`no id left for ${JSON.stringify(token)}`);
    vocabulary.set(token, id);
  };
  const addWord = (word: string) => {
    const characters = Array.from(word);
    characters.forEach(add);
    characters.reduce((prefix, character) => {
      const longer = prefix + character;
      if (!vocabulary.has(longer)) merges.push([prefix, character]);
      add(longer);
      return longer;
    });
  };
  Array.from(PUNCTUATION).forEach(add);
  addWord('\n\n');
  for (const word of LATIN_WORDS) addWord(`▁${word}`);
  WORDS.forEach(addWord);
  for (const syllable of SYLLABLES) if (free.length > 0) add(syllable);
  if (free.length > 0) throw new Error(`${free.length} ids have no token`);

  return {
    tokenizer: tokenizerJson(vocabulary, merges),
    config: tokenizerConfig(),
    specialTokensMap: specialTokensMap(),
  };
}

/** Normalizer, pre-tokenizer, decoder and post-processor are those of Gemma 3. */
function tokenizerJson(vocabulary: ReadonlyMap<string, number>, merges: [string, string][]): Record<string, unknown> {
  const added = [...Object.entries(SPECIAL), ...Object.entries(THOUGHT)].sort(([, a], [, b]) => a - b);
  const bos = { SpecialToken: { id: '<bos>', type_id: 0 } };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map(([content, id]) => {
      const special = content in SPECIAL;
      return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
    }),
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
    post_processor: {
      type: 'TemplateProcessing',
      single: [bos, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [bos, { Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<bos>': { id: '<bos>', ids: [SPECIAL['<bos>']], tokens: ['<bos>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries([...vocabulary].sort(([, a], [, b]) => a - b)),
      merges,
    },
  };
}

function specialTokensMap(): Record<string, unknown> {
  return {
    bos_token: '<bos>',
    eos_token: '<eos>',
    pad_token: '<pad>',
    unk_token: '<unk>',
    boi_token: '<start_of_image>',
    eoi_token: '<end_of_image>',
    image_token: '<image_soft_token>',
  };
}

function tokenizerConfig(): Record<string, unknown> {
  return {
    _comment:
      'A byte-level stand-in for a demonstration with random weights. It is not the tokenizer of Gemma 3 or MedGemma, ' +
      'and token counts measured with it say nothing about them.',
    tokenizer_class: 'GemmaTokenizer',
    processor_class: 'Gemma3Processor',
    add_bos_token: true,
    add_eos_token: false,
    clean_up_tokenization_spaces: false,
    spaces_between_special_tokens: false,
    model_max_length: 512,
    ...specialTokensMap(),
    extra_special_tokens: {
      boi_token: '<start_of_image>',
      eoi_token: '<end_of_image>',
      image_token: '<image_soft_token>',
    },
    chat_template: GEMMA3_CHAT_TEMPLATE,
  };
}

/** Writes the files into `folder`, which is made if it is not there. */
export async function writeStandInTokenizer(folder: string): Promise<void> {
  const { tokenizer, config, specialTokensMap: map } = standInTokenizer();
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown) => writeFile(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);
  await write('tokenizer.json', tokenizer);
  await write('tokenizer_config.json', config);
  await write('special_tokens_map.json', map);
  // Where transformers.js's Gemma3Processor looks; tokenizers alone look in tokenizer_config.json.
  await writeFile(join(folder, 'chat_template.jinja'), GEMMA3_CHAT_TEMPLATE);
}
