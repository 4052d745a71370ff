/** Each kind of file that people bring, in each place that takes a file or a folder: it is called what it is. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureError } from '#core/failure.ts';
import { FILE_KINDS, type FileKind, type Wanted } from '#core/files/kinds.ts';
import { kindOf, KIND_BYTES } from '#core/files/kind.ts';
import { accepts } from '#core/files/other-file.ts';
import { KIND_NAMES, nextStep } from '#core/files/words.ts';
import { parseConfig } from '#core/gemma3/config.ts';
import { textOfFile } from '#core/text/text-file.ts';
import { addAdapter } from '../../../cli/export/adapter.ts';
import { openCheckpoint } from '../../../cli/export/checkpoint.ts';
import { readAnyTokenizer } from '../../../cli/korean/any-tokenizer.ts';
import { readBase } from '../../../cli/korean/base-tokenizer.ts';
import { readWholeText } from '../../../cli/korean/text-file.ts';
import { userMessage } from '../../../cli/shared/errors.ts';
import { adapterAmong } from '../../../src/labs/lora/adapter-files.ts';
import { AdapterCache } from '../../../workers/engine/lora/adapter-cache.ts';
import { readPackage } from '../../../workers/engine/model/package.ts';
import { decodeImage } from '../../../workers/image/decode.ts';
import { openFiles } from '../../../workers/store/files.ts';
import { readTokenizer } from '../../../workers/tokenizer/read-tokenizer.ts';
import { FIXTURE, temporaryFolder } from '../export/workbench.ts';

const fixture = (path: string) => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url));
const latin1 = (text: string) => Buffer.from(text, 'latin1');
/** Longer than what is looked at, as the files that people bring are. */
const LONG = KIND_BYTES * 2;
const many = (length: number, entry: (index: number) => string) =>
  Array.from({ length }, (_, at) => entry(at)).join(',');

const SAMPLES: readonly (readonly [name: string, kind: FileKind, bytes: Buffer<ArrayBuffer>])[] = [
  ['a GGUF', 'gguf', latin1(`GGUF\x03\0\0\0${'\xbb'.repeat(LONG)}`)],
  ['a big-endian GGUF', 'gguf', latin1(`GGUF\0\0\0\x03${'\0'.repeat(LONG)}`)],
  ['a zip', 'zip', latin1(`PK\x03\x04\x14${'\0'.repeat(25)}tokenizer.json{}`)],
  ['a document of Word', 'officeDocument', latin1(`PK\x03\x04\x14${'\0'.repeat(25)}[Content_Types].xml`)],
  ['a document of Hangul', 'officeDocument', latin1(`\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\0'.repeat(LONG)}`)],
  ['a gzip', 'gzip', fixture('cases/tokenizers/bpe-score0.model.gz')],
  ['a tar', 'archive', latin1(`model/${'\0'.repeat(251)}ustar\x0000${'\0'.repeat(300)}`)],
  ['a safetensors', 'safetensors', fixture('gemma3-tiny/checkpoint/model.safetensors')],
  ['an MLX adapter', 'safetensors', fixture('adapters/mlx-lm/adapters.safetensors')],
  ['the settings of an MLX adapter', 'mlxAdapterConfig', fixture('adapters/mlx-lm/adapter_config.json')],
  ['the settings of an adapter', 'adapterConfig', fixture('adapters/lora-ga.adapter_config.json')],
  ['an LFS pointer', 'lfsPointer', fixture('cases/text/lfs.json')],
  ['a login page', 'webPage', fixture('cases/text/gated.json')],
  ['a login page with a mark', 'webPage', Buffer.from(`\ufeff\n<!DOCTYPE html>\n<html>${' '.repeat(LONG)}</html>`)],
  ['a gated answer', 'gatedAnswer', fixture('cases/text/error.json')],
  ['a gated answer as text', 'gatedAnswer', Buffer.from('Access to model google/gemma-3-4b-it is restricted.')],
  ['an error', 'errorAnswer', Buffer.from('{"error": "Entry not found"}')],
  ['an error as text', 'errorAnswer', Buffer.from('Entry not found')],
  ['an error of S3', 'gatedAnswer', Buffer.from('<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>')],
  ['a pickle', 'pickle', latin1(`\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.${'\0'.repeat(LONG)}`)],
  ['a pickle in a zip', 'pickle', latin1(`PK\x03\x04\0\0\x08${'\0'.repeat(23)}archive/data.pklFB`)],
  ['an array of NumPy', 'numpy', latin1("\x93NUMPY\x01\0v\0{'descr': '<f4'}")],
  ['an HDF5', 'hdf5', latin1('\x89HDF\r\n\x1a\n\0')],
  ['a PDF', 'pdf', latin1('%PDF-1.7\n%\xe2\xe3\xcf\xd3')],
  ['a PNG', 'png', fixture('cases/images/chart-opaque.png')],
  ['a HEIC', 'heic', fixture('cases/images/photo.heic')],
  ['a DICOM', 'dicom', fixture('cases/images/scan.dcm')],
  [
    'a tokenizer_config.json',
    'tokenizerConfig',
    Buffer.from('{"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>"}'),
  ],
  [
    'a long tokenizer_config.json',
    'tokenizerConfig',
    Buffer.from(
      `{"add_bos_token": true, "added_tokens_decoder": {${many(600, (id) => `"${id}": {"content": "<${id}>"}`)}}}`,
    ),
  ],
  ['a vocab.json', 'vocabJson', Buffer.from('{"!": 0, "\\"": 1, "Ġthe": 262}')],
  ['a long vocab.json', 'vocabJson', Buffer.from(`{${many(2000, (id) => `"piece\\"${id}": ${id}`)}}`)],
  ['an empty file', 'empty', Buffer.from('')],
];

/** What a place says of a file: its kind, or undefined where it was taken for its own. */
type Place = (bytes: Buffer<ArrayBuffer>, kind: FileKind) => Promise<unknown>;

const noBase = () => {
  throw new Error('no base');
};
const model = parseConfig(JSON.parse(fixture('gemma3-tiny/checkpoint/config.json').toString()));
const checkpointFiles = (replaced: string, bytes: Buffer<ArrayBuffer>) =>
  Object.fromEntries(
    ['config.json', 'model.safetensors'].map((name) => [
      name,
      name === replaced ? bytes : fixture(`gemma3-tiny/checkpoint/${name}`),
    ]),
  );
const adapterFiles = (replaced: string, bytes: Buffer<ArrayBuffer>) => ({
  'adapter_config.json': Buffer.from('{"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"]}'),
  'adapter_model.safetensors': fixture('gemma3-tiny/checkpoint/model.safetensors'),
  [replaced]: bytes,
});

async function folderWith(files: Record<string, Buffer>): Promise<string> {
  const folder = join(await temporaryFolder(), 'given');
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** A file whose name says nothing. */
const fileWith = async (bytes: Buffer) => join(await folderWith({ 'download.part': bytes }), 'download.part');

async function withAdapter(folder: string): Promise<unknown> {
  const checkpoint = await openCheckpoint(FIXTURE);
  try {
    return await addAdapter(checkpoint, { folder, strength: 1 });
  } finally {
    await checkpoint.close();
  }
}

const packageOf = async (files: Record<string, Buffer<ArrayBuffer>>) =>
  readPackage(
    await openFiles({
      type: 'files',
      name: 'given',
      files: Object.entries(files).map(([path, bytes]) => ({ path, blob: new Blob([bytes]) })),
    }),
  );

const cached = (replaced: string, bytes: Buffer<ArrayBuffer>) => {
  const files: Record<string, Buffer<ArrayBuffer>> = adapterFiles(replaced, bytes);
  const blob = (name: string) => new Blob([files[name] ?? bytes]);
  const adapter = {
    id: '1',
    name: 'given',
    config: blob('adapter_config.json'),
    weights: blob('adapter_model.safetensors'),
  };
  return new AdapterCache(model).read(
    { adapters: [adapter], strengths: [1], truncateTo: [undefined] },
    new AbortController().signal,
  );
};

const among = async (bytes: Buffer<ArrayBuffer>) => {
  const found = await adapterAmong([new File([bytes], 'download.part')]);
  if (found.type === 'failed') throw new FailureError(found.failure.code, found.failure.detail);
};

const later =
  (read: (bytes: Buffer<ArrayBuffer>) => unknown): Place =>
  (bytes) =>
    Promise.resolve().then(() => read(bytes));

/** Kinds that are part of a checkpoint, a package or an adapter: what is missing beside them is named instead. */
const PARTS: readonly FileKind[] = FILE_KINDS.filter((kind) => kind === 'safetensors' || accepts('json', kind));
const takenBy = (wanted: Wanted) => FILE_KINDS.filter((kind) => accepts(wanted, kind));

/** Each place with the kinds that it takes. */
const PLACES: readonly (readonly [place: string, wanted: Wanted, taken: readonly FileKind[], read: Place])[] = [
  ['export: the path', 'checkpoint', [], async (bytes) => openCheckpoint(await fileWith(bytes))],
  [
    'export: alone in the folder',
    'checkpoint',
    PARTS,
    async (bytes) => openCheckpoint(await folderWith({ 'download.part': bytes })),
  ],
  [
    'export: config.json',
    'json',
    takenBy('json'),
    async (bytes) => openCheckpoint(await folderWith(checkpointFiles('config.json', bytes))),
  ],
  [
    'export: model.safetensors',
    'safetensors',
    ['safetensors'],
    async (bytes) => openCheckpoint(await folderWith(checkpointFiles('model.safetensors', bytes))),
  ],
  ['--adapter: the path', 'adapter', [], async (bytes) => withAdapter(await fileWith(bytes))],
  [
    '--adapter: alone in the folder',
    'adapter',
    PARTS,
    async (bytes) => withAdapter(await folderWith({ 'download.part': bytes })),
  ],
  [
    '--adapter: adapter_config.json',
    'json',
    takenBy('json'),
    async (bytes) => withAdapter(await folderWith(adapterFiles('adapter_config.json', bytes))),
  ],
  [
    '--adapter: adapter_model.safetensors',
    'safetensors',
    ['safetensors'],
    async (bytes) => withAdapter(await folderWith(adapterFiles('adapter_model.safetensors', bytes))),
  ],
  ['korean: --tokenizer', 'tokenizer', [], async (bytes) => readAnyTokenizer(await fileWith(bytes))],
  ['korean: --base', 'tokenizer', [], async (bytes) => readBase(await fileWith(bytes))],
  // A text that is packed with gzip is unpacked.
  ['korean: --text', 'text', [...takenBy('text'), 'gzip'], async (bytes) => readWholeText(await fileWith(bytes))],
  [
    'korean: --pairs',
    'pairs',
    [...takenBy('pairs'), 'gzip'],
    async (bytes) => readWholeText(await fileWith(bytes), { wanted: 'pairs' }),
  ],
  ['page: tokenizer', 'tokenizer', [], later((bytes) => readTokenizer(bytes, 'download.part', noBase))],
  ['page: text', 'text', takenBy('text'), later((bytes) => textOfFile(bytes, 'download.part'))],
  ['page: pairs', 'pairs', takenBy('pairs'), later((bytes) => textOfFile(bytes, 'download.part', 'pairs'))],
  ['page: adapter, alone', 'adapter', PARTS, among],
  ['page: adapter_config.json', 'json', takenBy('json'), (bytes) => cached('adapter_config.json', bytes)],
  [
    'page: adapter_model.safetensors',
    'safetensors',
    ['safetensors'],
    (bytes) => cached('adapter_model.safetensors', bytes),
  ],
  ['page: package, alone', 'package', PARTS, (bytes) => packageOf({ 'download.part': bytes })],
  ['page: config.json of a package', 'json', takenBy('json'), (bytes) => packageOf({ 'config.json': bytes })],
  // Its own failure says that a file is empty. DICOM is opened in the chat; the browser decodes the others.
  [
    'page: image',
    'image',
    ['png', 'empty'],
    async (bytes, kind) => (kind === 'png' ? undefined : decodeImage(new Blob([bytes]), 'download.part')),
  ],
];

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The kind that an error names: a failure in its detail, a command in its words. */
function isNamed(error: unknown, kind: FileKind, wanted: Wanted): boolean {
  if (error instanceof FailureError) {
    const { code, detail } = error;
    if (code === 'image-kind') return detail['kind'] === kind;
    if (code !== 'other-file' || detail['kind'] !== kind || detail['wanted'] !== wanted) return false;
    // The command line shows the same error in words.
    const message = userMessage(error);
    return message === undefined || (message.includes(KIND_NAMES[kind]) && message.includes(nextStep(kind, wanted)));
  }
  return (userMessage(error) ?? '').includes(`this is ${KIND_NAMES[kind]}`);
}

describe.each(PLACES)('%s', (_, wanted, taken, read) => {
  it.each(SAMPLES)('%s', async (_, kind, bytes) => {
    const error = await errorOf(read(bytes, kind));
    const shown = error instanceof Error ? error.message : String(error);
    if (!taken.includes(kind)) expect(isNamed(error, kind, wanted), shown).toBe(true);
    // The reader of the place speaks; no other kind is named.
    else expect(error instanceof FailureError && error.code === 'other-file', shown).toBe(false);
  });
});

describe('kinds', () => {
  it.each(SAMPLES)('%s by its beginning', (_, kind, bytes) => {
    expect(kindOf(bytes)?.kind).toBe(kind);
    expect(kindOf(bytes.subarray(0, KIND_BYTES))?.kind).toBe(kind);
  });

  it.each([
    ['a text about a format', 'GGUF is a format, and so is PK.'],
    ['a text with "wide" after four letters', 'The wide river'],
    ['Korean in CP949', latin1('\xc8\xaf\xc0\xda\xb4\xc2 \xbf\xad\xc0\xcc \xb3\xb3\xb4\xcf\xb4\xd9.')],
    ['Korean in UTF-16', Buffer.from('\ufeff환자는 열이 납니다.', 'utf16le')],
    ['lines of JSON', '{"en": "fever", "ko": "열"}\n{"en": "cough", "ko": "기침"}\n'],
    ['long lines of JSON', '{"en": "fever", "ko": "열"}\n'.repeat(500)],
    ['pairs', 'fever\t열\ncough\t기침\nrash\t발진\n'],
    ['a list that is no JSON', '[1, 2]번 환자'],
    ['a mention of LFS', 'See version https://git-lfs.github.com/spec/v1'],
    ['a fragment of HTML', '<p>환자</p>'],
    ['a graph of ONNX', latin1('\x08\x08\x12\x07pytorch\x1a\x052.1.0:\xd8\x01')],
  ])('%s is none', (_, text) => {
    expect(kindOf(Buffer.from(text))).toBeUndefined();
  });
});
