/** `--korean`: the tokens of a pack in a package. */
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { newRow, type RowInit } from '#core/embedding/new-row.ts';
import { mergeTokenizerJson } from '#core/tokenizer/korean/merge.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { decodeFloats } from '#core/safetensors/dtype.ts';
import { DTYPE_SUFFIX } from '#core/gemma3/package-graphs.ts';
import { readJson } from '../../reference/json.ts';
import { exportPackage, type KoreanOptions } from '../../../cli/export/export-package.ts';
import { BASE_SIZE, MERGES } from '../../reference/korean.ts';
import { NodeModel } from '../../reference/node.ts';
import { koreanCheckpoint, tokenizerOf, type KoreanCheckpoint } from './korean-pack.ts';
import { collectingReport, exportTo, options, readInitializers, rewriteTensors, temporaryFolder } from './workbench.ts';

const HIDDEN = 160;
const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
const PROMPT = [2, 40, 41, 300, 17, 250, 3];

const withPack = (pack: string, more: Partial<KoreanOptions> = {}) => ({
  korean: { pack, init: 'mean' as const, untie: false, ...more },
});

interface Grown extends KoreanCheckpoint {
  /** The package with the pack. */
  grown: string;
  /** The package without. */
  plain: () => Promise<string>;
}

async function grow(
  dtype: Dtype,
  more: Partial<KoreanOptions> = {},
  edit: Parameters<typeof koreanCheckpoint>[0] = {},
): Promise<Grown> {
  const made = await koreanCheckpoint(edit);
  return {
    ...made,
    grown: await exportTo(made.checkpoint, dtype, withPack(made.pack, more)),
    plain: () => exportTo(made.checkpoint, dtype),
  };
}

async function initializer(folder: string, graph: string, dtype: Dtype, name: string): Promise<Uint8Array> {
  const found = (await readInitializers(folder, `${graph}${DTYPE_SUFFIX[dtype]}.onnx`)).get(name);
  if (!found) throw new Error(`${graph} has no ${name}`);
  return found.bytes;
}

/** Table of an fp32 export by rows. */
async function rowsOf(folder: string, graph = 'embed_tokens', name = EMBEDDING): Promise<Float32Array[]> {
  const values = decodeFloats(await initializer(folder, graph, 'fp32', name), 'F32');
  return Array.from({ length: values.length / HIDDEN }, (_, row) => values.subarray(row * HIDDEN, (row + 1) * HIDDEN));
}

/** The first row behind the last. */
function rotated(table: Uint8Array): Uint8Array {
  const rowBytes = table.length / BASE_SIZE;
  return Buffer.concat([table.subarray(rowBytes), table.subarray(0, rowBytes)]);
}

const pick = (rows: Float32Array[], ids: readonly number[]): Float32Array[] =>
  ids.map((id) => rows[id] ?? expect.fail());

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
}

/** Logits of all positions, one row each, of `size` tokens. */
async function logitsOf(folder: string, dtype: Dtype, ids: readonly number[], size: number): Promise<Float32Array[]> {
  const { logits } = await (await NodeModel.open(folder, dtype)).prefill(ids);
  expect(logits.length).toBe(ids.length * size);
  return ids.map((_, i) => logits.subarray(i * size, (i + 1) * size));
}

describe('logits', () => {
  it('of old tokens are the same to the last bit, and those of new ones products with the mean row, in fp32', async () => {
    const { grown, plain, subwords } = await grow('fp32');
    const before = await logitsOf(await plain(), 'fp32', PROMPT, BASE_SIZE);
    const after = await logitsOf(grown, 'fp32', PROMPT, BASE_SIZE + MERGES.length);
    after.forEach((logits, position) => {
      const old = before[position] ?? expect.fail();
      expect(logits.subarray(0, BASE_SIZE)).toEqual(old);
      // The head is linear: the product with a mean of rows is the mean of the products.
      subwords.forEach((ids, token) => {
        const mean = ids.reduce((sum, id) => sum + (old[id] ?? NaN), 0) / ids.length;
        expect(logits[BASE_SIZE + token]).toBeCloseTo(mean, 4);
        // Not by chance: the tokens it is made of differ from it.
        expect(Math.abs((old[ids[0] ?? 0] ?? NaN) - mean)).toBeGreaterThan(1e-3);
      });
    });
  });

  it.each(['q4', 'q8', 'fp16'] as const)('of old tokens are the same in %s, as are their rows', async (dtype) => {
    const { grown, plain: makePlain } = await grow(dtype);
    const plain = await makePlain();
    const names = {
      q4: [`${EMBEDDING}.q4`, `${EMBEDDING}.scales`],
      q8: [`${EMBEDDING}.q8`, `${EMBEDDING}.scales`],
      fp16: [EMBEDDING],
    };
    for (const graph of ['embed_tokens', 'decoder_model_merged'])
      for (const name of names[dtype]) {
        const old = await initializer(plain, graph, dtype, name);
        const now = await initializer(grown, graph, dtype, name);
        expect(now.length / old.length).toBe((BASE_SIZE + MERGES.length) / BASE_SIZE);
        expect(Buffer.from(now).subarray(0, old.length).equals(Buffer.from(old))).toBe(true);
      }
    const before = await logitsOf(plain, dtype, PROMPT, BASE_SIZE);
    const after = await logitsOf(grown, dtype, PROMPT, BASE_SIZE + MERGES.length);
    after.forEach((logits, position) => expect(logits.subarray(0, BASE_SIZE)).toEqual(before[position]));
  });

  it('of a prompt with a new token are those of its row', async () => {
    const { grown, subwords } = await grow('fp32');
    const model = await NodeModel.open(grown, 'fp32');
    const [embedded] = [await model.embeddings([BASE_SIZE + 1])];
    const rows = await rowsOf(grown);
    const mean = newRow('mean', pick(rows, subwords[1] ?? []), 0, 0);
    mean.forEach((value, i) => expect(embedded[i]).toBeCloseTo(value * Math.sqrt(HIDDEN), 5));
    const size = BASE_SIZE + MERGES.length;
    const { logits } = await model.prefill([2, BASE_SIZE + 1, BASE_SIZE]);
    expect(logits.length).toBe(3 * size);
    expect(logits.every((value) => Number.isFinite(value))).toBe(true);
  });

  it('are the same for tokens that begin alike where the rows are first subwords', async () => {
    const { grown } = await grow('fp32', { init: 'first' });
    for (const logits of await logitsOf(grown, 'fp32', PROMPT, BASE_SIZE + MERGES.length)) {
      expect(logits[BASE_SIZE]).toBe(logits[BASE_SIZE + 2]);
      expect(logits[BASE_SIZE]).not.toBe(logits[BASE_SIZE + 1]);
    }
  });

  it('are untied by --untie: means go in, first subwords come out', async () => {
    const { grown, plain, subwords } = await grow('fp32', { untie: true });
    const before = await logitsOf(await plain(), 'fp32', PROMPT, BASE_SIZE);
    for (const [position, logits] of (await logitsOf(grown, 'fp32', PROMPT, BASE_SIZE + MERGES.length)).entries()) {
      const old = before[position] ?? expect.fail();
      expect(logits.subarray(0, BASE_SIZE)).toEqual(old);
      subwords.forEach(([first = -1], token) => expect(logits[BASE_SIZE + token]).toBeCloseTo(old[first] ?? NaN, 4));
    }
  });
});

describe('rows', () => {
  it.each<RowInit>(['mean', 'first', 'random'])('by %s, in embedding and head', async (init) => {
    const { grown, subwords } = await grow('fp32', { init });
    const rows = await rowsOf(grown);
    expect(rows).toHaveLength(BASE_SIZE + MERGES.length);
    subwords.forEach((ids, token) => {
      const id = BASE_SIZE + token;
      expect(rows[id]).toEqual(newRow(init, pick(rows, ids), id, 0.02));
    });
    expect(await rowsOf(grown, 'decoder_model_merged')).toEqual(rows);
    expect((await manifestOf(grown)).variants[0]?.tiedEmbedding).toBe(true);
  });

  it('take the deviation of random ones from config.json', async () => {
    const config = (json: Record<string, unknown>) =>
      Object.assign(Object(json['text_config']), { initializer_range: 0.5 });
    const { grown } = await grow('fp32', { init: 'random' }, { config });
    const values = (await rowsOf(grown)).slice(BASE_SIZE).flatMap((row) => [...row]);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    expect(deviation).toBeGreaterThan(0.45);
    expect(deviation).toBeLessThan(0.55);
  });

  it('of padding are used first, and those that are left stay', async () => {
    const { grown, plain, subwords } = await grow('fp32', {}, { padding: 3 });
    const [old, rows] = [await rowsOf(await plain()), await rowsOf(grown)];
    expect(old).toHaveLength(BASE_SIZE + 3);
    expect(rows).toHaveLength(BASE_SIZE + MERGES.length);
    expect(rows.slice(0, BASE_SIZE)).toEqual(old.slice(0, BASE_SIZE));
    expect(rows[BASE_SIZE]).toEqual(newRow('mean', pick(old, subwords[0] ?? []), 0, 0));
    expect((await manifestOf(grown)).changes).toContain(
      "The embedding has 517 rows, the checkpoint's 515: 3 rows of padding are used and 2 are added.",
    );

    const roomy = await grow('fp32', {}, { padding: 9 });
    const kept = await rowsOf(roomy.grown);
    expect(kept).toHaveLength(BASE_SIZE + 9);
    expect(kept.slice(BASE_SIZE + MERGES.length)).toEqual(
      (await rowsOf(await roomy.plain())).slice(BASE_SIZE + MERGES.length),
    );
    expect(kept[BASE_SIZE]).toEqual(newRow('mean', pick(kept, roomy.subwords[0] ?? []), 0, 0));
    expect((await readJson(roomy.grown, 'config.json'))['text_config']).toMatchObject({ vocab_size: BASE_SIZE + 9 });
  });

  it('of a head of its own: the old ones the embedding’s, the new ones first subwords', async () => {
    const { grown, subwords } = await grow('fp32', { init: 'random', untie: true });
    const [table, head] = [await rowsOf(grown), await rowsOf(grown, 'decoder_model_merged', HEAD)];
    expect(head.slice(0, BASE_SIZE)).toEqual(table.slice(0, BASE_SIZE));
    subwords.forEach(([first = -1, ...rest], token) => {
      expect(head[BASE_SIZE + token]).toEqual(table[first]);
      expect(table[BASE_SIZE + token]).toEqual(
        newRow('random', pick(table, [first, ...rest]), BASE_SIZE + token, 0.02),
      );
    });
    const manifest = await manifestOf(grown);
    expect(manifest.variants[0]?.tiedEmbedding).toBe(false);
    expect(manifest.changes.join()).toContain('a matrix of its own, which it was not in the checkpoint');
  });

  it('of a head that was its own before come from that head', async () => {
    const made = await koreanCheckpoint({ config: (json) => (json['tie_word_embeddings'] = false) });
    await rewriteTensors(join(made.checkpoint, 'model.safetensors'), (tensors) => {
      const table = tensors.find(({ name }) => name.endsWith('embed_tokens.weight')) ?? expect.fail();
      return [...tensors, { ...table, name: 'language_model.lm_head.weight', data: rotated(table.data) }];
    });
    const grown = await exportTo(made.checkpoint, 'fp32', withPack(made.pack));
    const [table, head] = [await rowsOf(grown), await rowsOf(grown, 'decoder_model_merged', HEAD)];
    expect(head[0]).not.toEqual(table[0]);
    made.subwords.forEach(([first = -1], token) => expect(head[BASE_SIZE + token]).toEqual(head[first]));
  });
});

describe('the package', () => {
  it('says what was done', async () => {
    const { grown } = await grow('q4');
    const { changes, parameters } = await manifestOf(grown);
    expect(changes.slice(0, 4)).toEqual([
      'Korean vocabulary "ko-5": 5 new tokens with the ids 512 to 516; their merges stand behind those of the base in tokenizer.json. Text they were chosen on: Three lines, CC0',
      "The embedding has 517 rows, the checkpoint's 512: 0 rows of padding are used and 5 are added.",
      "Each new row of the embedding is the mean of the rows of its token's base subwords, in float32 before any rounding; it is not trained.",
      'Embedding and output head are one matrix (tied), so that one vector of a new token serves both.',
    ]);
    expect(parameters).toBe(1904080 + MERGES.length * HIDDEN);
    const config = await readJson(grown, 'config.json');
    expect(config['text_config']).toMatchObject({ vocab_size: 517 });
    expect(config).not.toHaveProperty('vocab_size');
    expect(config).not.toHaveProperty('tie_word_embeddings');
  });

  it('has vocab_size right wherever config.json says it, and the head untied for every reader', async () => {
    const config = (json: Record<string, unknown>) =>
      Object.assign(json, { vocab_size: 512, tie_word_embeddings: true });
    const { grown } = await grow('q4', { untie: true }, { config });
    expect(await readJson(grown, 'config.json')).toMatchObject({
      vocab_size: 517,
      tie_word_embeddings: false,
      text_config: { vocab_size: 517, tie_word_embeddings: false },
    });
  });

  it('has the merged tokenizer, which @huggingface/tokenizers reads', async () => {
    const { grown, plain, pack, checkpoint, idOf } = await grow('q4');
    const expected = mergeTokenizerJson(
      await tokenizerOf(checkpoint),
      readPack(JSON.parse(await readFile(pack, 'utf8'))),
    );
    expect(await readJson(grown, 'tokenizer.json')).toEqual(JSON.parse(JSON.stringify(expected)));
    const read = async (folder: string) =>
      new Tokenizer(await readJson(folder, 'tokenizer.json'), await readJson(folder, 'tokenizer_config.json'));
    const [merged, base] = [await read(grown), await read(await plain())];
    const encode = (tokenizer: Tokenizer, text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
    expect(encode(merged, '정상소견 폐렴환자의')).toEqual([515, 516]);
    expect(encode(merged, '환자는 the lung')).toEqual([514, ...encode(base, ' the lung')]);
    expect(encode(base, '환자는')).toEqual([idOf('환자'), idOf('는')]);
    expect(merged.decode([515, 516])).toBe('정상소견 폐렴환자의');
    const latin = 'the lung scan is of no image: 12';
    expect(encode(merged, latin)).toEqual(encode(base, latin));
  });

  it('of a checkpoint with trained rows and its own merged tokenizer is that checkpoint as it is', async () => {
    const { grown, checkpoint } = await grow('fp32', {}, { padding: 9 });
    // As a training would leave it: rows of its own behind the base's, and the merged tokenizer.
    const trained = join(await temporaryFolder(), 'trained');
    await cp(checkpoint, trained, { recursive: true });
    await cp(join(grown, 'tokenizer.json'), join(trained, 'tokenizer.json'));
    const report = collectingReport();
    const out = join(await temporaryFolder(), 'package');
    await exportPackage(options(trained, out, 'fp32'), report);
    expect(report.warnings).toEqual([]);
    expect(await readFile(join(out, 'tokenizer.json'))).toEqual(await readFile(join(trained, 'tokenizer.json')));
    const rows = await rowsOf(out);
    expect(rows).toHaveLength(BASE_SIZE + 9);
    expect(rows[BASE_SIZE]).toEqual(rows[BASE_SIZE + 8]);
    expect((await manifestOf(out)).changes.join()).not.toContain('Korean');
  });
});

describe('refused, and nothing left', () => {
  async function expectRefusal(checkpoint: string, pack: string | undefined, message: RegExp): Promise<void> {
    const out = join(await temporaryFolder(), 'package');
    const more = pack === undefined ? {} : withPack(pack);
    await expect(exportPackage(options(checkpoint, out, 'q4', more), collectingReport())).rejects.toThrow(message);
    expect(await readdir(dirname(out))).toEqual([]);
  }

  it('a tokenizer with more ids than the matrix has rows', async () => {
    const { grown, checkpoint } = await grow('q4');
    await cp(join(grown, 'tokenizer.json'), join(checkpoint, 'tokenizer.json'));
    await expectRefusal(
      checkpoint,
      undefined,
      /tokenizer\.json has 517 ids, but the embedding matrix .* has 512 rows: 5 tokens have none.*--korean PACK/,
    );
  });

  it('a pack for a checkpoint that has its tokens', async () => {
    const { grown, checkpoint, pack } = await grow('q4', {}, { padding: 9 });
    await cp(join(grown, 'tokenizer.json'), join(checkpoint, 'tokenizer.json'));
    await expectRefusal(
      checkpoint,
      pack,
      /has 517 ids and already holds the tokens of .*base of 512; leave out --korean/,
    );
  });

  it('a pack for another base', async () => {
    const { checkpoint, pack } = await koreanCheckpoint({
      pack: (made) => ({ ...made, base: { sha256: 'a'.repeat(64), size: 262145 }, firstId: 262145 }),
    });
    await expectRefusal(
      checkpoint,
      pack,
      /with 262145 ids and SHA-256 aaa.*has 512 ids and SHA-256 [0-9a-f]{64}; .*train/,
    );
  });

  it('a pack that begins behind the matrix', async () => {
    const { checkpoint, pack } = await koreanCheckpoint({ pack: (made) => ({ ...made, firstId: 520 }) });
    await expectRefusal(checkpoint, pack, /first new token has id 520, but the embedding matrix .* has 512 rows/);
  });

  it('a pack over rows that may be trained', async () => {
    const { checkpoint, pack } = await koreanCheckpoint({ padding: 256 });
    await expectRefusal(checkpoint, pack, /has 768 rows, 256 more than the 512 ids .* leave out --korean/);
  });

  it('a pack whose merges do not fit, or that is none', async () => {
    const wrong = await koreanCheckpoint({ pack: (made) => ({ ...made, merges: [['환자', '쀍', 1]] }) });
    await expectRefusal(wrong.checkpoint, wrong.pack, /^ko-5\.json: merges\[0\].*"쀍" is no piece/);
    await writeFile(wrong.pack, '{"format": "something"}');
    await expectRefusal(wrong.checkpoint, wrong.pack, /ko-5\.json is other JSON, not a Korean pack/);
    await writeFile(wrong.pack, '{');
    await expectRefusal(wrong.checkpoint, wrong.pack, /ko-5\.json is not JSON/);
    await expectRefusal(wrong.checkpoint, join(dirname(wrong.pack), 'nowhere.json'), /^ENOENT: .*nowhere\.json/);
  });

  it('a checkpoint without a tokenizer, or with a broken one', async () => {
    const { checkpoint, pack } = await koreanCheckpoint();
    await writeFile(join(checkpoint, 'tokenizer.json'), '{"model": {}}');
    await expectRefusal(checkpoint, undefined, /tokenizer\.json has no "model\.vocab"/);
    await rm(join(checkpoint, 'tokenizer.json'));
    await expectRefusal(checkpoint, pack, /has no tokenizer\.json; --korean merges/);
  });

  it('an initializer_range that is no deviation', async () => {
    const config = (json: Record<string, unknown>) =>
      Object.assign(Object(json['text_config']), { initializer_range: 0 });
    const { checkpoint, pack } = await koreanCheckpoint({ config });
    await expectRefusal(checkpoint, pack, /"initializer_range" is 0, expected a positive number/);
  });
});
