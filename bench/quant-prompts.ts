/** Logits of a package on fixed tokens that are the same for every package: one list of rows per prompt. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DTYPE_SUFFIX } from '#core/gemma3/package-graphs.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { decodeFloats, isFloatDtype } from '#core/safetensors/dtype.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { openModel, type EvaluatedModel } from '../cli/evaluate/model.ts';
import { groupAt, type QuestionSet } from '../cli/evaluate/questions.ts';
import { FileSource } from '../cli/shared/file-source.ts';
import { chunks } from './plain-chunks.ts';
import { NodeSessions, type Cache } from './plain-sessions.ts';

/** Questions about phantoms outside the training set, two per phantom and language. */
const QUESTIONS: Omit<QuestionSet, 'count'> = {
  ...{ task: 'base', split: 'evaluation', seed: 0, questions: 2, languages: ['en', 'ko'], blank: undefined },
};

/** The rows that predict the tokens of the right answers and their end tokens. */
export async function phantomRows(folder: string, count: number): Promise<Float32Array[][]> {
  const model = await openModel(folder, 1);
  const prompts: Float32Array[][] = [];
  for (let index = 0; index < count; index++) {
    const { pairs, pixels } = groupAt({ ...QUESTIONS, count }, index);
    if (!pixels) throw new Error('a phantom is always shown');
    const features = await model.encodeImage(pixels);
    for (const { question, answer } of pairs) prompts.push(await answerRows(model, question, answer, features));
  }
  return prompts;
}

async function answerRows(
  { chat, decoder }: EvaluatedModel,
  question: string,
  answer: string,
  features: Float32Array,
): Promise<Float32Array[]> {
  const prompt = chat.prompt([
    {
      role: 'user',
      // The blob is never read: the image features are passed separately.
      content: [
        { type: 'image', name: '', image: new Blob() },
        { type: 'text', text: question },
      ],
    },
  ]);
  const ids = chat.tokenizer.encode(answer, { special: false });
  decoder.truncate(0);
  const asked = await decoder.prefill(prompt, features);
  return [asked, ...rowsOf(await decoder.run(ids), asked.length)];
}

/** All logits rows of the fixture's cases; `folder` holds cases.json, and expected.safetensors with the images. */
export async function caseRows(out: string, dtype: Dtype, folder: string): Promise<Float32Array[][]> {
  const path = (name: string, suffix: string) => join(out, 'onnx', `${name}${suffix}.onnx`);
  const sessions = await NodeSessions.open({
    decoder: path('decoder_model_merged', DTYPE_SUFFIX[dtype]),
    embedding: path('embed_tokens', DTYPE_SUFFIX[dtype]),
    vision: path('vision_encoder', ''),
  });
  const pixels = await readTensor(join(folder, 'expected.safetensors'), 'pixel_values');
  const features = await sessions.features(pixels);
  const imageSize = features.length / (pixels.shape[0] ?? NaN);
  const config: { image_token_index: number } = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'));
  const { cases }: { cases: Record<string, { input_ids: number[] }> } = JSON.parse(
    await readFile(join(folder, 'cases.json'), 'utf8'),
  );
  const prompts: Float32Array[][] = [];
  for (const { input_ids: ids } of Object.values(cases)) {
    const images = spans(ids, config.image_token_index);
    const mask = ids.map((_, at) => 2 + images.findIndex(({ start, length }) => at >= start && at < start + length));
    const rows: Float32Array[] = [];
    let past: Cache | undefined;
    for (const { start, end, image } of chunks({ ids, mask, images }, 0, ids.length)) {
      const rest = { mask: mask.slice(0, end), past, keep: 0 };
      const own = image && features.slice(image.index * imageSize, (image.index + 1) * imageSize);
      const run = await (own ? sessions.run({ ...rest, input: own }) : sessions.runTokens(ids.slice(start, end), rest));
      past = run.cache;
      rows.push(...rowsOf(run.logits, run.logits.length / (end - start)));
    }
    prompts.push(rows);
  }
  return prompts;
}

function rowsOf(logits: Float32Array, vocabulary: number): Float32Array[] {
  return Array.from({ length: logits.length / vocabulary }, (_, row) =>
    logits.subarray(row * vocabulary, (row + 1) * vocabulary),
  );
}

/** Runs of the image token. */
function spans(ids: readonly number[], imageToken: number): { index: number; start: number; length: number }[] {
  const found: { index: number; start: number; length: number }[] = [];
  ids.forEach((id, at) => {
    if (id !== imageToken) return;
    const last = found.at(-1);
    if (last && last.start + last.length === at) last.length++;
    else found.push({ index: found.length, start: at, length: 1 });
  });
  return found;
}

async function readTensor(path: string, name: string): Promise<{ shape: number[]; data: Float32Array }> {
  const source = await FileSource.open(path);
  try {
    const entry = (await readHeader(source)).tensors.get(name);
    if (!entry || !isFloatDtype(entry.dtype)) throw new Error(`${path} has no floats called ${name}`);
    const bytes = await source.read(entry.begin, entry.end - entry.begin);
    return { shape: entry.shape, data: decodeFloats(bytes, entry.dtype) };
  } finally {
    await source.close();
  }
}
