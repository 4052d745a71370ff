/** Writes a set of phantoms with questions and answers: what training and evaluation read. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuessingBaselines, type GuessingBaseline } from '#core/phantoms/balance.ts';
import { drawExample } from '#core/phantoms/examples.ts';
import { textPairs } from '#core/phantoms/pairs.ts';
import { MAX_LESIONS, SIDE, type Phantom } from '#core/phantoms/phantom.ts';
import { LANGUAGES } from '#core/phantoms/question.ts';
import { lesionMap, MAP_SIDE, renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed, type Split } from '#core/phantoms/sets.ts';
import type { Task } from '#core/phantoms/task.ts';
import { HashedFile } from '../shared/hashed-file.ts';
import { OutputFolder } from '../shared/output-folder.ts';

/** The number grows when the same seed no longer gives the same files. */
export const PHANTOM_SET_FORMAT = 'medgemma-ko-lab/phantoms/1';

export interface PhantomSetOptions {
  out: string;
  /** Kind of questions and answers; default `base`. Images and truths do not depend on it. */
  task?: Task;
  split: Split;
  seed: number;
  /** Number of phantoms. */
  count: number;
  /** Questions about each phantom in each language. */
  questions: number;
  signal?: AbortSignal;
  /** Called when what an earlier run left is removed. */
  note?: (text: string) => void;
  /** Called with the number of phantoms written since the last call. */
  onProgress?: (phantoms: number) => void;
}

export interface PhantomSetMeta {
  format: typeof PHANTOM_SET_FORMAT;
  task: Task;
  split: Split;
  seed: number;
  phantoms: number;
  side: number;
  questions: { about_images: number; without_image: number };
  /** Number of phantoms by number of lesions. */
  lesions: number[];
  /** Accuracy of guessing on questions about images, by kind and language. */
  floors: Record<string, GuessingBaseline>;
  sha256: Record<string, string>;
}

/** Phantoms that are written at a time. */
const BATCH = 128;

/**
 * Makes the folder `out`, which must be new or empty:
 * - `images.npy`: u8 [phantoms, 64, 64]
 * - `maps.npy`: i8 [phantoms, 32, 32], `lesionMap`
 * - `truth.jsonl`: the content of each image, one line each
 * - `questions.jsonl`: `image` is the index, null for questions without image, which come last and are the same in
 *   every set of the task
 * - `meta.json`: PhantomSetMeta
 *
 * It is written under another name and renamed at the end; after an error nothing is left behind.
 * @throws CommandError, RangeError for a seed or count out of range, the reason of `signal`
 */
export async function writePhantomSet(options: PhantomSetOptions): Promise<PhantomSetMeta> {
  const { out, split, seed, count, note = () => undefined } = options;
  phantomSeed(split, seed, count - 1);
  const folder = await OutputFolder.create(out, { command: 'phantoms', note });
  try {
    const meta = await writeFiles(folder.partial, options);
    await writeFile(join(folder.partial, 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`, { flush: true });
    await folder.commit();
    return meta;
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

async function writeFiles(folder: string, options: PhantomSetOptions): Promise<PhantomSetMeta> {
  const { task = 'base', split, seed, count, questions, signal, onProgress } = options;
  const files = new Map<string, HashedFile>();
  const lesions = Array.from({ length: MAX_LESIONS + 1 }, () => 0);
  const floors = new GuessingBaselines();
  try {
    for (const name of ['images.npy', 'maps.npy', 'truth.jsonl', 'questions.jsonl'] as const) {
      files.set(name, await HashedFile.create(join(folder, name)));
    }
    const append = async (name: string, data: Uint8Array | string) =>
      files.get(name)?.append(typeof data === 'string' ? Buffer.from(data) : data);
    await append('images.npy', npyHeader('|u1', [count, SIDE, SIDE]));
    await append('maps.npy', npyHeader('|i1', [count, MAP_SIDE, MAP_SIDE]));
    for (let from = 0; from < count; from += BATCH) {
      signal?.throwIfAborted();
      const size = Math.min(BATCH, count - from);
      const images = new Uint8Array(size * SIDE * SIDE);
      const maps = new Int8Array(size * MAP_SIDE * MAP_SIDE);
      let truths = '';
      let lines = '';
      for (let i = 0; i < size; i++) {
        const { phantom, pairs } = drawExample(split, seed, from + i, questions, task);
        images.set(renderPhantom(phantom), i * SIDE * SIDE);
        maps.set(lesionMap(phantom), i * MAP_SIDE * MAP_SIDE);
        lesions[phantom.lesions.length] = (lesions[phantom.lesions.length] ?? 0) + 1;
        truths += line(truthOf(phantom));
        for (const pair of pairs) {
          floors.add(pair);
          lines += line({ image: from + i, ...pair });
        }
      }
      await append('images.npy', images);
      await append('maps.npy', new Uint8Array(maps.buffer));
      await append('truth.jsonl', truths);
      await append('questions.jsonl', lines);
      onProgress?.(size);
    }
    const withoutImage = LANGUAGES.flatMap((language) => textPairs(language, task));
    await append('questions.jsonl', withoutImage.map((pair) => line({ image: null, ...pair })).join(''));
    const sha256: Record<string, string> = {};
    for (const [name, file] of files) {
      sha256[name] = (await file.finish()).sha256;
      files.delete(name);
    }
    return {
      format: PHANTOM_SET_FORMAT,
      task,
      split,
      seed,
      phantoms: count,
      side: SIDE,
      questions: { about_images: count * questions * LANGUAGES.length, without_image: withoutImage.length },
      lesions,
      floors: Object.fromEntries(floors.results()),
      sha256,
    };
  } finally {
    for (const file of files.values()) await file.close();
  }
}

function truthOf({ seed, lesions, largest }: Phantom): object {
  return {
    seed,
    lesions: lesions.map((lesion) => {
      const { quadrant, shape, brightness, x, y, radius } = lesion;
      return { quadrant, shape, brightness, x, y, radius, largest: lesion === largest };
    }),
  };
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** NumPy's format 1.0: magic, version, length, a Python literal padded so that the data starts at a multiple of 64. */
export function npyHeader(descr: '|u1' | '|i1', shape: readonly number[]): Uint8Array {
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const start = 10;
  const padded = `${fields.padEnd(Math.ceil((start + fields.length + 1) / 64) * 64 - start - 1)}\n`;
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8]),
    Buffer.from(padded, 'latin1'),
  ]);
}
