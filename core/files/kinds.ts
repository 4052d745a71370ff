/** The one list of what a file, or a folder of files, can be recognised as: by its beginning, its JSON, or its names. */

/** What a download leaves in place of any file. */
export const ANSWERS = [
  'empty',
  /** The three lines that Git LFS keeps in place of a large file. */
  'lfsPointer',
  /** A web page, such as one that asks to log in. */
  'webPage',
  /** A server's answer: the repository needs a login or an agreement. */
  'gatedAnswer',
  /** A server's answer: an error. */
  'errorAnswer',
] as const;

const TOKENIZERS = ['tokenizerJson', 'sentencepieceModel', 'koreanPack'] as const;

const TOKENIZER_PARTS = [
  /** Pieces and ids without the rest: GPT-2's vocab.json, beside merges.txt. */
  'vocabJson',
  'mergesTxt',
  /** A piece a line: BERT's vocab.txt. */
  'vocabTxt',
  /** A list that SentencePiece writes beside the model. */
  'sentencepieceVocab',
  /** OpenAI's: base64 and rank a line. */
  'tiktoken',
  /** Mistral's tekken.json. */
  'tekken',
  'tokenizerConfig',
  'specialTokensMap',
] as const;

/** Other JSON beside weights. */
const SETTINGS = ['modelConfig', 'adapterConfig', 'mlxAdapterConfig', 'safetensorsIndex', 'json'] as const;

/** Figures that the bench lab measured. */
const RESULTS = ['runCard'] as const;

const WEIGHTS = ['safetensors', 'gguf', 'pickle', 'hdf5', 'numpy'] as const;

/** `archive`: of another kind than zip and gzip. */
const PACKED = ['zip', 'gzip', 'archive'] as const;

const DOCUMENTS = ['pdf', 'officeDocument'] as const;

/** Opened as images. */
export const OPENED_IMAGES = ['png', 'jpeg', 'webp', 'gif', 'avif', 'bmp', 'dicom'] as const;

const OTHER_IMAGES = ['heic', 'tiff', 'svg', 'video', 'jpeg2000', 'jpegXl', 'nifti', 'photoshop', 'icon'] as const;

/** Recognised by the names of the files in a folder only. */
const FOLDERS = [
  'package',
  'mlxAdapter',
  'pickleAdapter',
  'ggufAdapter',
  'adapter',
  'checkpoint',
  'mlx',
  'consolidated',
  'tensorflow',
  'litert',
  'openvino',
  /** Under other names than those of a checkpoint or an adapter. */
  'unnamedSafetensors',
  'hubCache',
  /** A folder around the one that was meant. */
  'folder',
] as const;

export const FILE_KINDS = [
  ...ANSWERS,
  ...TOKENIZERS,
  ...TOKENIZER_PARTS,
  ...SETTINGS,
  ...RESULTS,
  ...WEIGHTS,
  ...PACKED,
  ...DOCUMENTS,
  ...OPENED_IMAGES,
  ...OTHER_IMAGES,
  ...FOLDERS,
] as const;

export type FileKind = (typeof FILE_KINDS)[number];
export type OpenedImage = (typeof OPENED_IMAGES)[number];

/** What was to be opened. */
export type Wanted =
  'tokenizer' | 'text' | 'pairs' | 'questions' | 'image' | 'json' | 'safetensors' | 'runCard' | FolderWanted;
export type FolderWanted = 'checkpoint' | 'package' | 'adapter';

/** A kind that is recognised; `reason` has the words of a server that refused. */
export interface Recognised {
  kind: FileKind;
  reason?: string | undefined;
}

/** A text may be any text: a tokenizer_config.json too, whose tokens can be counted. */
const TEXTS: readonly FileKind[] = [
  'empty',
  'tokenizerJson',
  'koreanPack',
  ...TOKENIZER_PARTS,
  ...SETTINGS,
  ...RESULTS,
  'svg',
];

/** The kinds that each place takes. All others are refused by their names; a file of no known kind goes to the reader. */
export const ACCEPTED: Readonly<Record<Wanted, readonly FileKind[]>> = {
  tokenizer: TOKENIZERS,
  text: TEXTS,
  // The reader of pairs says that an empty table has no sentences.
  pairs: ['empty', 'svg'],
  // Likewise that of questions.
  questions: ['empty'],
  image: OPENED_IMAGES,
  json: ['tokenizerJson', 'koreanPack', ...TOKENIZER_PARTS, ...SETTINGS, ...RESULTS],
  safetensors: ['safetensors'],
  runCard: RESULTS,
  checkpoint: ['checkpoint'],
  package: ['package'],
  adapter: ['adapter'],
};
