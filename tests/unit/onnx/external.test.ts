/** Where the bytes of external initializers are placed. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { bytesOf, GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import {
  externalTensorBytes,
  placeExternally,
  TensorTooLargeError,
  type ExternalFile,
  type ExternalTensor,
} from '#core/onnx/external.ts';
import { externalFiles, externalLocation, mainGraph } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { floats, runModel } from './session.ts';

vi.setConfig({ testTimeout: 60_000 });

const FILE = 'model_q4.onnx';
const tensor = fc.record({
  type: fc.constantFrom('float32', 'float16', 'uint8', 'int64'),
  dims: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 2 }),
}) satisfies fc.Arbitrary<Omit<ExternalTensor, 'name'>>;
const tensors = fc
  .array(tensor, { minLength: 1, maxLength: 12 })
  .map((list): ExternalTensor[] => list.map((each, i) => ({ ...each, name: `t${i}` })));

const empty = () => makeModel(new GraphBuilder('g').build(), 'test');

describe('places', () => {
  test('are in order, aligned, without overlap, in files below the limit', () => {
    fc.assert(
      fc.property(tensors, fc.integer({ min: 5000, max: 2_000_000 }), (list, limit) => {
        const model = empty();
        const files = placeExternally(model, list, FILE, { maxFileBytes: limit });
        expect(files.map(({ name }) => name)).toEqual(
          files.map((_, i) => (i === 0 ? `${FILE}_data` : `${FILE}_data_${i}`)),
        );
        expect(files.flatMap(({ places }) => places.map(({ name }) => name))).toEqual(list.map(({ name }) => name));
        expect(externalFiles(model)).toEqual(files.map(({ name }) => name).sort());
        for (const { places, size } of files) {
          if (places.length > 1) expect(size).toBeLessThan(limit);
          let end = 0;
          for (const { offset, length } of places) {
            expect(offset % (length > 65536 ? 4096 : 64)).toBe(0);
            expect(offset).toBeGreaterThanOrEqual(end);
            expect(offset - end).toBeLessThan(4096);
            end = offset + length;
          }
          expect(size).toBe(end);
        }
      }),
    );
  });

  test('are what the model says, with the bytes that shape and type ask for', () => {
    fc.assert(
      fc.property(tensors, (list) => {
        const model = empty();
        const files = placeExternally(model, list, FILE, { maxFileBytes: 100_000 });
        const said = mainGraph(model).initializer.map((proto) => ({ name: proto.name, ...externalLocation(proto) }));
        expect(said).toEqual(
          files.flatMap(({ name: location, places }) =>
            places.map(({ name, offset, length }) => ({ name, location, offset, length })),
          ),
        );
        expect(said.map(({ length }) => length)).toEqual(list.map(externalTensorBytes));
      }),
    );
  });
});

test('onnxruntime finds each number where it was placed', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1000, max: 100_000 }), async (list, limit) => {
      const graph = new GraphBuilder('g');
      const external = list.map((size, i): ExternalTensor => ({ name: `w${i}`, type: 'float32', dims: [size] }));
      for (const [i, size] of list.entries()) {
        graph.node('Neg', [`w${i}`], { name: `n${i}`, outputs: [`y${i}`] });
        graph.output(`y${i}`, 'float32', [size]);
      }
      const model = makeModel(graph.build(), 'test');
      const files = placeExternally(model, external, FILE, { maxFileBytes: limit });
      const results = await runModel(
        model,
        {},
        contents(files, (name, i) => Number(name.slice(1)) * 1e5 + i),
      );
      for (const [i, size] of list.entries()) {
        const found = floats(results[`y${i}`]);
        expect(found.length).toBe(size);
        expect(found.every((value, at) => value === -(i * 1e5 + at))).toBe(true);
      }
    }),
    { numRuns: 20 },
  );
});

/** The files, each float32 by the tensor's name and its index. */
function contents(files: readonly ExternalFile[], value: (name: string, i: number) => number): Map<string, Uint8Array> {
  return new Map(
    files.map(({ name, size, places }) => {
      const bytes = new Uint8Array(size);
      for (const place of places) {
        const numbers = Float32Array.from({ length: place.length / 4 }, (_, i) => value(place.name, i));
        bytes.set(place.bytes ?? new Uint8Array(numbers.buffer), place.offset);
      }
      return [name, bytes];
    }),
  );
}

describe('constants', () => {
  /** y = a + b, a of 64 KiB and b of 4 bytes more. */
  function constants(): ModelProto {
    const graph = new GraphBuilder('g');
    const make = (name: string, length: number, value: number) =>
      graph.constant(name, 'float32', [length], bytesOf(new Float32Array(length).fill(value)));
    const sum = graph.node('ReduceSum', [make('a', 16384, 1)], { name: 'sum', attributes: { keepdims: { int: 0 } } });
    graph.node('Add', [sum, make('b', 16385, 2)], { name: 'add', outputs: ['y'] });
    graph.output('y', 'float32', [16385]);
    return makeModel(graph.build(), 'test');
  }

  test('of more than 64 KiB move out, with their bytes, and compute the same', async () => {
    const before = floats((await runModel(constants(), {}))['y']);
    const model = constants();
    const files = placeExternally(model, [], FILE);
    expect(files).toMatchObject([{ name: `${FILE}_data`, places: [{ name: 'b', offset: 0, length: 65540 }] }]);
    const inline = mainGraph(model).initializer.map(({ name, rawData }) => [name, rawData.length]);
    expect(inline).toEqual([
      ['a', 65536],
      ['b', 0],
    ]);
    const after = floats(
      (
        await runModel(
          model,
          {},
          contents(files, () => NaN),
        )
      )['y'],
    );
    expect(after).toEqual(before);
    expect(after[0]).toBe(16386);
  });
});

describe('refused', () => {
  test('a tensor of 4 GiB, by name', () => {
    const large = (rows: number): ExternalTensor[] => [{ name: 'head', type: 'uint8', dims: [rows, 2 ** 16] }];
    expect(() => placeExternally(empty(), large(2 ** 16), FILE)).toThrow(TensorTooLargeError);
    expect(() => placeExternally(empty(), large(2 ** 16), FILE)).toThrow('"head" takes 4294967296 bytes');
    const files = placeExternally(empty(), [...large(2 ** 16 - 1), { name: 'b', type: 'uint8', dims: [1] }], FILE);
    expect(files.map(({ size }) => size)).toEqual([2 ** 32 - 2 ** 16, 1]);
  });

  test('a name that is there already', () => {
    const twice: ExternalTensor[] = ['w', 'w'].map((name) => ({ name, type: 'uint8', dims: [1] }));
    expect(() => placeExternally(empty(), twice, FILE)).toThrow('initializer "w" twice');
  });
});
