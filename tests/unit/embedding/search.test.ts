/** The engine's search over a package, apart from the engine: progress, Stop, files that fail. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { mainGraph } from '#core/onnx/model.ts';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ModelProto,
} from '#core/onnx/onnx_pb.ts';
import type { NearestRequest } from '#core/protocol/nearest.ts';
import { FailureError } from '#core/failure.ts';
import { findNearest } from '../../../workers/engine/embedding/nearest.ts';
import type { ModelPackage } from '../../../workers/engine/model/package.ts';
import { loadTokenizer } from '../../../workers/engine/chat/tokenizer.ts';
import { standInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { fixture } from '../../reference/node.ts';

const configText = readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8');
const { tokenizer: json, config: tokenizerConfig } = standInTokenizer();
const { tokenizer } = loadTokenizer(json, tokenizerConfig);
// Three blocks of 2 MiB.
const [rows, columns] = [3000, 512];
const table = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i));
const request: NearestRequest = { tokens: [{ text: '환자', id: 512 }], inits: ['first'], count: 2 };

function tableModel(operator: 'Gather' | 'Elsewhere' = 'Gather'): ModelProto {
  const graph = new GraphBuilder('embed');
  const ids = graph.input('input_ids', 'int64', [1, 'n']);
  graph.node(operator, ['w', ids], { name: 'embed', outputs: ['inputs_embeds'] });
  const model = makeModel(graph.build(), 'somebody');
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  mainGraph(model).initializer.push(
    create(TensorProtoSchema, {
      name: 'w',
      dataType: TensorProto_DataType.FLOAT,
      dims: [BigInt(rows), BigInt(columns)],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [entry('location', 'embed.onnx_data')],
    }),
  );
  return model;
}

function packageOf(weights: Blob, model = tableModel()): ModelPackage {
  const graph = {
    path: 'onnx/embed.onnx',
    dtype: 'fp32',
    read: () => Promise.resolve(model),
    readAhead: () => Promise.resolve(),
  };
  const files = new Map([
    ['config.json', new Blob([configText])],
    ['onnx/embed.onnx_data', weights],
  ]);
  const variant = { decoder: graph, embedding: graph, vision: undefined, tiedEmbedding: false };
  return {
    ...variant,
    variants: [variant],
    reader: {
      name: 'test',
      list: () => [...files.keys()],
      has: (path) => Promise.resolve(files.has(path)),
      blob: (path) => Promise.resolve(files.get(path) ?? expect.fail(path)),
    },
    config: parseConfig(JSON.parse(configText)),
    manifest: undefined,
    endTokens: new Set(),
  };
}

/** Calls `onSlice` before each read. */
class WatchedBlob extends Blob {
  readonly #onSlice: (read: number) => void;
  #reads = 0;

  constructor(onSlice: (read: number) => void) {
    super([table]);
    this.#onSlice = onSlice;
  }

  override slice(start?: number, end?: number): Blob {
    this.#onSlice(++this.#reads);
    return super.slice(start, end);
  }
}

describe('a search', () => {
  test('tells of its end, and finds the token itself', async () => {
    const events: unknown[] = [];
    const signal = new AbortController().signal;
    const found = await findNearest(packageOf(new Blob([table])), tokenizer, request, signal, (done, total) =>
      events.push({ done, total }),
    );
    const id = tokenizer.idOf('환자');
    expect(found).toMatchObject([
      { subwords: [{ id, piece: '환자' }], places: [{ init: 'first', nearest: [{ id, piece: '환자' }, {}] }] },
    ]);
    expect(events.at(-1)).toEqual({ done: rows, total: rows });
  });

  test('names a row that no token has', async () => {
    const padding = { tokens: [{ text: '', id: 0, subwords: [2999] }], inits: ['mean'], count: 1 } as const;
    const signal = new AbortController().signal;
    const found = await findNearest(packageOf(new Blob([table])), tokenizer, padding, signal, () => undefined);
    expect(found[0]?.places[0]?.nearest[0]).toMatchObject({ id: 2999, piece: undefined });
  });

  test('stops between two blocks', async () => {
    const abort = new AbortController();
    let reads = 0;
    // The first read is the subword's row; the third is the second block, read while the first is worked on.
    const weights = new WatchedBlob((read) => {
      reads = read;
      if (read === 3) abort.abort(new Error('stopped'));
    });
    const search = findNearest(packageOf(weights), tokenizer, request, abort.signal, () => undefined);
    await expect(search).rejects.toThrow('stopped');
    expect(reads).toBe(3);
  });

  test.each<[string, ModelPackage, object]>([
    [
      'a file that ends too early',
      packageOf(new Blob([table.subarray(0, 600_000)])),
      { code: 'file-broken', detail: { file: 'onnx/embed.onnx_data', reason: 'ends at 2400000 bytes' } },
    ],
    [
      'a file that is gone',
      packageOf(
        new WatchedBlob((read) => {
          if (read > 1) throw new DOMException('gone', 'NotFoundError');
        }),
      ),
      { code: 'file-gone', detail: { file: 'onnx/embed.onnx_data', reason: 'gone' } },
    ],
    [
      'a table that is not read',
      packageOf(new Blob([table]), tableModel('Elsewhere')),
      {
        code: 'embedding-unreadable',
        detail: { file: 'onnx/embed.onnx', reason: expect.stringContaining('input_ids') },
      },
    ],
  ])('fails with %s', async (_, pack, failure) => {
    const error: unknown = await findNearest(
      pack,
      tokenizer,
      request,
      new AbortController().signal,
      () => undefined,
    ).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FailureError);
    expect(error).toMatchObject(failure);
  });
});
