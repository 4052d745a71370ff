import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { FailureError } from '#core/failure.ts';
import { externalFiles, OnnxError, writeModel } from '#core/onnx/model.ts';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ModelProto,
} from '#core/onnx/onnx_pb.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { readPackage } from '../../../workers/engine/model/package.ts';
import type { PackageReader } from '../../../workers/store/reader.ts';

const tensor = (location: string, length = '16') =>
  create(TensorProtoSchema, {
    name: 'weight',
    dims: [4n],
    dataType: TensorProto_DataType.FLOAT,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries({ location, length }).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });

const model = (location: string, length?: string): ModelProto =>
  create(ModelProtoSchema, { graph: create(GraphProtoSchema, { initializer: [tensor(location, length)] }) });

const OUTSIDE = [
  '../secret',
  'a/../../secret',
  '..',
  '/etc/passwd',
  '..\\secret',
  'C:\\secret',
  'C:secret',
  'https://elsewhere.example/x',
  '//elsewhere.example/x',
  '%2e%2e/secret',
  'x?y',
  '',
];

test('beside the graph, and below it', () => {
  expect(externalFiles(model('model.onnx_data'))).toEqual(['model.onnx_data']);
  expect(externalFiles(model('weights/model..bin'))).toEqual(['weights/model..bin']);
});

test.each(OUTSIDE)('%j is refused, with the name of the tensor', (location) => {
  expect(() => externalFiles(model(location))).toThrow(OnnxError);
  expect(() => externalFiles(model(location))).toThrow('tensor "weight": external file');
  const constant = create(NodeProtoSchema, {
    opType: 'Constant',
    attribute: [create(AttributeProtoSchema, { name: 'value', t: tensor(location) })],
  });
  const inNode = create(ModelProtoSchema, { graph: create(GraphProtoSchema, { node: [constant] }) });
  expect(() => externalFiles(inNode)).toThrow('tensor "weight": external file');
});

test('more or fewer bytes than the shape takes are refused', () => {
  for (const length of ['15', '17', '1e99', '-1'])
    expect(() => externalFiles(model('x', length)), length).toThrow(/tensor "weight": .*extern/);
});

test.each(OUTSIDE)('a package whose graph names %j: refused before anything is asked for there', async (location) => {
  const asked: string[] = [];
  const config = { ...presetConfig('tiny'), architectures: ['Gemma3ForCausalLM'] };
  const files = new Map<string, Blob>([
    ['config.json', new Blob([JSON.stringify({ ...Object(config).text_config, ...config })])],
    ['onnx/model_q4.onnx', new Blob([writeModel(model(location))])],
  ]);
  const reader: PackageReader = {
    name: 'hostile',
    list: () => undefined,
    has: (path) => Promise.resolve(files.has(path)),
    blob(path) {
      asked.push(path);
      const blob = files.get(path);
      return blob ? Promise.resolve(blob) : Promise.reject(new FailureError('file-missing', { file: path }));
    },
  };
  const { decoder } = await readPackage(reader);
  await expect(decoder.read()).rejects.toMatchObject({ code: 'file-broken', detail: { file: 'onnx/model_q4.onnx' } });
  expect(asked).toEqual(['config.json', 'onnx/model_q4.onnx']);
});
