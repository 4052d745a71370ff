/** Writing and reading ONNX files. */
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, test, vi } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { makeTensor } from '#core/onnx/builder.ts';
import {
  allGraphs,
  externalFiles,
  externalLocation,
  mainGraph,
  OnnxError,
  readModel,
  writeModel,
} from '#core/onnx/model.ts';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from '#core/onnx/onnx_pb.ts';
import { buildRandom, evaluateRandom, LENGTH, randomGraph } from './random-graph.ts';
import { floats, floatTensor, runModel } from './session.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('round trip', () => {
  test('the same bytes, and onnxruntime computes what the graph says', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraph, async (random) => {
        const bytes = writeModel(buildRandom(random));
        const model = readModel(bytes);
        expect(writeModel(model)).toEqual(bytes);
        const { y } = await runModel(model, {
          x: floatTensor(random.x, [LENGTH]),
          flag: new ort.Tensor('bool', [random.flag], []),
        });
        const expected = evaluateRandom(random);
        // −0 is 0 here.
        expect([...floats(y)].every((value, i) => value === expected[i])).toBe(true);
        expect(expected).toHaveLength(LENGTH);
      }),
      { numRuns: 60 },
    );
  });

  test('fields that the schema does not know survive, at every depth', () => {
    fc.assert(
      fc.property(
        randomGraph,
        // Beyond ONNX's own numbers; 19000–19999 are reserved by protobuf.
        fc.integer({ min: 5000, max: 18999 }),
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        (random, no, payload) => {
          const model = buildRandom(random);
          // Length-delimited: a length, here of one byte, and the bytes.
          const unknown = { no, wireType: 2, data: Uint8Array.of(payload.length, ...payload) };
          const places = () => {
            const graphs = [...allGraphs(mainGraph(model))];
            return [model, ...graphs, ...graphs.flatMap(({ node }) => node), ...graphs.flatMap((g) => g.output)];
          };
          for (const message of places()) message.$unknown = [unknown];
          const bytes = writeModel(model);
          const again = readModel(bytes);
          expect(again.$unknown).toEqual([unknown]);
          for (const graph of allGraphs(mainGraph(again))) {
            expect(graph.$unknown).toEqual([unknown]);
            for (const node of graph.node) expect(node.$unknown).toEqual([unknown]);
          }
          expect(writeModel(again)).toEqual(bytes);
        },
      ),
    );
  });
});

describe('bad bytes', () => {
  const refused = (bytes: Uint8Array): unknown => {
    try {
      readModel(bytes);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test.each(['', '<!doctype html>', 'version https://git-lfs.github.com/spec/v1\n', '{"error":"not found"}'])(
    'refuses %j',
    (text) => {
      expect(refused(new TextEncoder().encode(text))).toBeInstanceOf(OnnxError);
    },
  );

  test('a model without graph', () => {
    expect(refused(writeModel(create(ModelProtoSchema, { irVersion: 10n })))).toMatchObject({
      name: 'OnnxError',
      message: 'the ONNX file has no graph',
    });
  });

  test('random, truncated and damaged bytes are read or refused, never anything else', () => {
    const damaged = fc.tuple(randomGraph, fc.nat(), fc.nat(255)).map(([random, at, byte]) => {
      const bytes = writeModel(buildRandom(random));
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    const truncated = fc
      .tuple(randomGraph, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }))
      .map(([random, part]) => {
        const bytes = writeModel(buildRandom(random));
        return bytes.subarray(0, Math.floor(bytes.length * part));
      });
    let refusals = 0;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged, truncated), (bytes) => {
        const error = refused(bytes);
        if (error !== undefined) {
          expect(error).toBeInstanceOf(OnnxError);
          refusals++;
        }
      }),
      { numRuns: 500 },
    );
    expect(refusals).toBeGreaterThan(100);
  });
});

describe('external initializers', () => {
  const external = (entries: Record<string, string>) => {
    const tensor = makeTensor('w', 'float16', [3, 5], new Uint8Array());
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    return tensor;
  };

  test('are found by file, offset and length', () => {
    const place = { location: 'a.onnx_data', offset: 64, length: 30 };
    expect(externalLocation(external({ location: 'a.onnx_data', offset: '64', length: '30' }))).toEqual(place);
    // Both may be left out: from the start of the file, as long as the shape says.
    expect(externalLocation(external({ location: 'a.onnx_data' }))).toEqual({ ...place, offset: 0 });
    expect(externalLocation(makeTensor('w', 'float32', [1], new Uint8Array(4)))).toBeUndefined();
  });

  test.each([
    [{ offset: '0' }, 'names no file'],
    [{ location: 'a', offset: 'x' }, 'offset "x"'],
    [{ location: 'a', length: '-1' }, 'length "-1"'],
    [{ location: 'a', offset: '0.5' }, 'offset "0.5"'],
  ])('with %j are refused', (entries, reason) => {
    expect(() => externalLocation(external(entries))).toThrow(OnnxError);
    expect(() => externalLocation(external(entries))).toThrow(reason);
  });

  test('tell the files of a model, in bodies too', () => {
    const model = buildRandom({
      x: [],
      flag: true,
      steps: [{ op: 'If', a: 0, b: 0, constant: 0, then: [neg], else: [neg] }],
    });
    const [root, body] = allGraphs(mainGraph(model));
    root?.initializer.push(external({ location: 'b' }), external({ location: 'b' }));
    body?.initializer.push(external({ location: 'a' }));
    expect(externalFiles(model)).toEqual(['a', 'b']);
  });
});

const neg = { op: 'Neg' as const, a: 0, b: 0, constant: 0, then: [], else: [] };
