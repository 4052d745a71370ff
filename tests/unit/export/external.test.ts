import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { externalTensorBytes, placeExternally, TensorTooLargeError, type ExternalTensor } from '#core/onnx/external.ts';
import { GraphProtoSchema, ModelProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from '#core/onnx/onnx_pb.ts';

const emptyModel = () => create(ModelProtoSchema, { graph: create(GraphProtoSchema, { name: 'graph' }) });

const tensors: fc.Arbitrary<ExternalTensor[]> = fc
  .array(fc.record({ type: fc.constantFrom('float32', 'float16', 'uint8'), rows: fc.integer({ min: 1, max: 400 }) }), {
    maxLength: 20,
  })
  .map((list) => list.map(({ type, rows }, i) => ({ name: `t${i}`, type, dims: [rows, 300] })));

describe('placeExternally', () => {
  it('places every tensor once, in order, aligned, apart, in files below the limit unless it is alone', () => {
    fc.assert(
      fc.property(tensors, fc.integer({ min: 50_000, max: 1_000_000 }), (list, limit) => {
        const model = emptyModel();
        const files = placeExternally(model, list, 'm.onnx', { maxFileBytes: limit });
        expect(files.map(({ name }) => name)).toEqual(files.map((_, i) => `m.onnx_data${i === 0 ? '' : `_${i}`}`));
        expect(files.flatMap(({ places }) => places.map(({ name }) => name))).toEqual(list.map(({ name }) => name));
        for (const { places, size } of files) {
          if (places.length > 1) expect(size).toBeLessThan(limit);
          let end = 0;
          for (const { offset, length } of places) {
            expect(offset % (length > 65536 ? 4096 : 64)).toBe(0);
            expect(offset).toBeGreaterThanOrEqual(end);
            end = offset + length;
          }
          expect(size).toBe(end);
        }
        const places = files.flatMap((file) => file.places.map((place) => ({ file: file.name, ...place })));
        model.graph?.initializer.forEach((proto, i) => {
          expect(proto.dataLocation).toBe(TensorProto_DataLocation.EXTERNAL);
          expect(Object.fromEntries(proto.externalData.map(({ key, value }) => [key, value]))).toEqual({
            location: places[i]?.file,
            offset: String(places[i]?.offset),
            length: String(externalTensorBytes(list[i] ?? { name: '', type: 'uint8', dims: [] })),
          });
        });
      }),
    );
  });

  it('moves large constants of the graph out, and leaves small ones', () => {
    const model = emptyModel();
    const constant = (name: string, bytes: number) =>
      create(TensorProtoSchema, { name, dataType: 2, dims: [BigInt(bytes)], rawData: new Uint8Array(bytes).fill(7) });
    model.graph?.initializer.push(constant('small', 65536), constant('large', 65537));
    const [file] = placeExternally(model, [{ name: 'w', type: 'uint8', dims: [3] }], 'm.onnx');
    expect(file?.places).toMatchObject([
      { name: 'large', offset: 0, length: 65537, bytes: new Uint8Array(65537).fill(7) },
      { name: 'w', offset: 65600, length: 3, bytes: undefined },
    ]);
    expect(model.graph?.initializer.map(({ rawData }) => rawData.length)).toEqual([65536, 0, 0]);
  });

  it('gives a tensor of 2 GiB a file of its own and refuses one of 4 GiB', () => {
    const table: ExternalTensor = { name: 'table', type: 'float32', dims: [262208, 2560] };
    const small: ExternalTensor = { name: 'norm', type: 'float32', dims: [2560] };
    const files = placeExternally(emptyModel(), [small, table, { ...small, name: 'last' }], 'm.onnx');
    expect(files.map(({ name, size }) => [name, size])).toEqual([
      ['m.onnx_data', 10240],
      ['m.onnx_data_1', 262208 * 2560 * 4],
      ['m.onnx_data_2', 10240],
    ]);
    expect(() => placeExternally(emptyModel(), [{ ...table, dims: [262208, 5376] }], 'm.onnx')).toThrow(
      TensorTooLargeError,
    );
  });

  it('refuses the same name twice', () => {
    const tensor: ExternalTensor = { name: 'a', type: 'uint8', dims: [1] };
    expect(() => placeExternally(emptyModel(), [tensor, tensor], 'm.onnx')).toThrow(/"a" twice/);
  });
});
