/** English words for each kind of file and the next step, for the command line; src/messages/shell/kinds-*.ts has the page's. */
import { EXPORT_WITH_ADAPTER, FUSE_WITH_MLX } from '../lora/next-steps.ts';
import { ANSWERS, type FileKind, type FolderWanted, type Wanted } from './kinds.ts';

const DOWNLOAD = 'hf download google/medgemma-4b-it --local-dir medgemma-4b-it';
const EXPORT = 'npm run export -- --checkpoint CHECKPOINT --dtype q4 --out PACKAGE';
const GET_SAFETENSORS = `get the safetensors checkpoint that it was made from (${DOWNLOAD}), then ${EXPORT}`;
const SAVE_AS_SAFETENSORS =
  'save it as safetensors: python -c "from transformers import AutoModelForImageTextToText as M; ' +
  `M.from_pretrained('FOLDER').save_pretrained('converted')", then ${EXPORT.replace('CHECKPOINT', 'converted')}`;
const CONVERT_ADAPTER =
  'convert it: python -c "import torch; from safetensors.torch import save_file; ' +
  "save_file({k: v.contiguous() for k, v in torch.load('adapter_model.bin', map_location='cpu', weights_only=True).items()}, 'adapter_model.safetensors')\"";

/** What the file is: "x.json is …". */
export const KIND_NAMES: Readonly<Record<FileKind, string>> = {
  empty: 'empty',
  lfsPointer: 'a Git LFS pointer, which stands in place of the file',
  webPage: 'a web page (HTML)',
  gatedAnswer: 'the error message of a server',
  errorAnswer: 'the error message of a server',
  tokenizerJson: 'a tokenizer.json',
  sentencepieceModel: 'a SentencePiece model',
  koreanPack: 'a Korean pack',
  vocabJson: 'the vocab.json of a byte-level BPE, without merges and settings',
  mergesTxt: 'the merges.txt of a BPE, without its vocabulary',
  vocabTxt: 'a vocab.txt of WordPiece, without settings',
  sentencepieceVocab: 'the list of a SentencePiece model’s pieces',
  tiktoken: 'a tiktoken vocabulary',
  tekken: 'Mistral’s tekken.json',
  tokenizerConfig: 'a tokenizer_config.json, which holds only settings',
  specialTokensMap: 'a special_tokens_map.json, which holds only names',
  modelConfig: 'a model’s config.json',
  adapterConfig: 'the adapter_config.json of a LoRA adapter',
  mlxAdapterConfig: 'the adapter_config.json of an MLX adapter',
  safetensorsIndex: 'the index of a checkpoint’s shards',
  json: 'JSON of another kind',
  runCard: 'a run card of the bench lab',
  safetensors: 'a safetensors file',
  gguf: 'GGUF (llama.cpp)',
  pickle: 'a PyTorch pickle (.bin, .pt, .pth)',
  hdf5: 'HDF5 (Keras, TensorFlow)',
  numpy: 'an array of NumPy (.npy, .npz)',
  zip: 'a zip archive',
  gzip: 'a gzip archive',
  archive: 'an archive',
  pdf: 'a PDF',
  officeDocument: 'a document of an office program (Word, Excel, Hangul)',
  png: 'a PNG image',
  jpeg: 'a JPEG image',
  webp: 'a WebP image',
  gif: 'a GIF image',
  avif: 'an AVIF image',
  bmp: 'a BMP image',
  dicom: 'a DICOM image',
  heic: 'a HEIC photo',
  tiff: 'a TIFF image',
  svg: 'an SVG drawing',
  video: 'a video or sound file',
  jpeg2000: 'a JPEG 2000 image',
  jpegXl: 'a JPEG XL image',
  nifti: 'a NIfTI volume',
  photoshop: 'a Photoshop file',
  icon: 'an icon file',
  package: 'a model package (ONNX)',
  mlxAdapter: 'an MLX adapter (mlx-lm)',
  pickleAdapter: 'a LoRA adapter of PEFT saved as a PyTorch pickle',
  ggufAdapter: 'a LoRA adapter in GGUF (llama.cpp)',
  adapter: 'a LoRA adapter (PEFT)',
  checkpoint: 'a checkpoint in safetensors (Hugging Face)',
  mlx: 'MLX weights',
  consolidated: 'consolidated weights of the original code base',
  tensorflow: 'TensorFlow or Flax weights',
  litert: 'a model for LiteRT or MediaPipe',
  openvino: 'an OpenVINO model',
  unnamedSafetensors: 'safetensors under other names than those of a Hugging Face checkpoint',
  hubCache: "the cache of Hugging Face's hub",
  folder: 'a folder around the one that was meant',
};

/** "x.json is a web page, not …". */
export const WANTED_NAMES: Readonly<Record<Wanted, string>> = {
  tokenizer: 'a tokenizer',
  text: 'a text',
  pairs: 'a table of sentence pairs',
  questions: 'a table of exam questions',
  image: 'an image that can be opened',
  json: 'the JSON that was meant',
  safetensors: 'safetensors',
  runCard: 'a run card',
  checkpoint: 'a checkpoint',
  package: 'a model package',
  adapter: 'a LoRA adapter',
};

/** Steps that are the same wherever a file of the kind is given. */
const STEPS: Partial<Record<FileKind, string>> = {
  empty: 'download or copy it again',
  lfsPointer: 'download it with "git lfs pull" or "hf download"',
  webPage: 'log in, accept the terms and download again',
  gatedAnswer: 'log in (hf auth login), accept the licence on the model’s page and download it again',
  errorAnswer: 'check the address and download it again',
  runCard: 'drop it on the bench lab (#/bench), or put it into a table: npm run bench -- --import FILE',
};

/** Steps for a place that takes files of one kind. */
const STEP_FOR: Readonly<Record<Exclude<Wanted, FolderWanted>, string>> = {
  tokenizer: 'open the tokenizer.json of the same model, or its SentencePiece model',
  text: 'save the text in it as UTF-8 (.txt)',
  pairs: 'write a pair a line: English, one tab, Korean',
  questions: 'name a parquet or CSV file with the columns question, A, B, C, D, E and answer',
  image: 'save it as PNG, JPEG or WebP',
  json: 'check that it is the file you meant',
  safetensors: 'get the model in safetensors, or save it so with save_pretrained',
  runCard: 'open the JSON file that the bench lab (#/bench) saved',
};

const STEP_IN: Partial<Record<FileKind, Partial<Record<Wanted, string>>>> = {
  sentencepieceVocab: { tokenizer: 'open the .model beside it' },
  vocabTxt: { tokenizer: 'open the tokenizer.json beside it, or save one with transformers' },
  tiktoken: { tokenizer: 'this format is not supported; open the tokenizer.json of the same model' },
  tekken: { tokenizer: 'this format is not supported; open the tokenizer.json of the same repository' },
  koreanPack: { tokenizer: 'merge it into its base and open the result' },
};

const FOLDER_STEPS: Readonly<Record<FolderWanted, string>> = {
  checkpoint:
    'a checkpoint is a folder with config.json, and model.safetensors or shards with model.safetensors.index.json; download it whole: ' +
    DOWNLOAD,
  package: 'a package is the folder that "npm run export" writes, with config.json and onnx/',
  adapter:
    'an adapter is the folder that PEFT’s save_pretrained writes: adapter_config.json and adapter_model.safetensors',
};

const UNNAMED_SAFETENSORS =
  'a checkpoint has config.json, and model.safetensors or shards with model.safetensors.index.json; save it with transformers’ save_pretrained, or download it whole: hf download OWNER/NAME --local-dir FOLDER';

/** Steps for kinds of weights and folders of them, in place of a folder. */
const WEIGHT_STEPS: Partial<Record<FileKind, (wanted: FolderWanted) => string>> = {
  package: () => 'open it in the page as it is; to export another, name the checkpoint that it was made from',
  mlxAdapter: () => FUSE_WITH_MLX,
  mlxAdapterConfig: () => FUSE_WITH_MLX,
  pickleAdapter: () => CONVERT_ADAPTER,
  ggufAdapter: () => 'get the adapter that it was made from, in PEFT’s safetensors',
  adapter: () => EXPORT_WITH_ADAPTER,
  checkpoint: (wanted) =>
    wanted === 'package'
      ? `make a package of it: ${EXPORT}`
      : `a whole model is no adapter; export it as it is: ${EXPORT}`,
  gguf: () => GET_SAFETENSORS,
  mlx: () => GET_SAFETENSORS,
  consolidated: () => GET_SAFETENSORS,
  pickle: () => SAVE_AS_SAFETENSORS,
  tensorflow: () => GET_SAFETENSORS,
  hdf5: () => GET_SAFETENSORS,
  litert: () => GET_SAFETENSORS,
  openvino: () => GET_SAFETENSORS,
  zip: () => 'unpack it and name the folder inside',
  gzip: () => 'unpack it and name the folder inside',
  archive: () => 'unpack it and name the folder inside',
  unnamedSafetensors: (wanted) => (wanted === 'adapter' ? FOLDER_STEPS.adapter : UNNAMED_SAFETENSORS),
  safetensors: (wanted) => (wanted === 'adapter' ? FOLDER_STEPS.adapter : UNNAMED_SAFETENSORS),
};

/** What to do with a file of this kind, where another was wanted. */
export function nextStep(kind: FileKind, wanted: Wanted): string {
  const everywhere = STEPS[kind];
  if (everywhere !== undefined) return everywhere;
  if (wanted === 'checkpoint' || wanted === 'package' || wanted === 'adapter')
    return WEIGHT_STEPS[kind]?.(wanted) ?? FOLDER_STEPS[wanted];
  if (kind === 'zip' || kind === 'gzip' || kind === 'archive') return `unpack it; ${STEP_FOR[wanted]}`;
  return STEP_IN[kind]?.[wanted] ?? STEP_FOR[wanted];
}

/** True for a kind whose step is the same everywhere, which the page has in its own words. */
export function isAnswer(kind: FileKind): boolean {
  return ANSWERS.some((answer) => answer === kind);
}
