/** The bookkeeping of a bound session, against a module that counts what is made and released. */
import { describe, expect, test } from 'vitest';
import { BoundSession, type Bindings } from '../../../workers/engine/runtime/bound-session.ts';
import { OrtWasm, type OrtWasmModule } from '../../../workers/engine/runtime/ort-wasm.ts';

type Calls = { name: string; values: readonly unknown[] }[];

/** Every handle and address is unique; `live` holds what is not released. @param failing the function that reports an error */
function fakeModule(failing = '') {
  let next = 1000;
  const live = new Set<number>();
  const memory = new Map<number, number>();
  const texts = new Map<number, string>([[1, 'the message']]);
  const users = new Map<GPUBuffer, number>();
  const calls: Calls = [];
  const make = (bytes = 8) => {
    const handle = (next += bytes + 16);
    live.add(handle);
    return handle;
  };
  const release = (handle: number) => {
    if (!live.delete(handle)) throw new Error(`${handle} is released twice or was never made`);
    return 0;
  };
  const status = (name: string, ...values: unknown[]) => {
    calls.push({ name, values });
    return name === failing ? 1 : 0;
  };
  const handle = (name: string, ...values: unknown[]) => {
    calls.push({ name, values });
    return name === failing ? 0 : make();
  };
  const module: OrtWasmModule = {
    PTR_SIZE: 4,
    _malloc: make,
    _free: (pointer) => void release(pointer),
    stackSave: () => 0,
    stackRestore() {},
    stackAlloc: () => (next += 64),
    setValue: (pointer, value) => void memory.set(pointer, value),
    getValue: (pointer) => memory.get(pointer) ?? 0,
    UTF8ToString: (pointer) => texts.get(pointer) ?? '',
    stringToUTF8: (text, pointer) => void texts.set(pointer, text),
    lengthBytesUTF8: (text) => text.length,
    _OrtGetLastError(code, message) {
      memory.set(code, 6);
      memory.set(message, 1);
      return 0;
    },
    _OrtAddSessionConfigEntry: (options, key, value) => status('config', options, texts.get(key), texts.get(value)),
    _OrtAppendExecutionProvider: async () => status('append'),
    _OrtCreateSession: async () => handle('session'),
    _OrtCreateTensor: (type, _data, bytes, dims, rank, location) =>
      handle(
        'tensor',
        type,
        bytes,
        Array.from({ length: rank }, (_, i) => memory.get(dims + i * 4)),
        location,
      ),
    _OrtReleaseTensor: release,
    _OrtCreateBinding: () => handle('binding'),
    _OrtBindInput: async (_, name, tensor) => status('input', texts.get(name), live.has(tensor)),
    _OrtBindOutput: (_, name, tensor) => status('output', texts.get(name), live.has(tensor)),
    _OrtReleaseBinding: release,
    async _OrtRunWithBinding(_session, _binding, count, outputs) {
      // The runtime's own handles of the outputs, made in every run.
      if (failing !== 'run') for (let i = 0; i < count; i++) memory.set(outputs + i * 4, make());
      return status('run', count);
    },
    _OrtCreateRunOptions: () => handle('runOptions'),
    _OrtAddRunConfigEntry: (_, key, value) => status('runConfig', texts.get(key), texts.get(value)),
    _OrtReleaseRunOptions: release,
    webgpuRegisterDevice: (device) => device && [3, 40, 50],
    webgpuRegisterBuffer(buffer) {
      users.set(buffer, (users.get(buffer) ?? 0) + 1);
      return 77;
    },
    webgpuUnregisterBuffer(buffer) {
      const count = (users.get(buffer) ?? 0) - 1;
      if (count < 0) throw new Error('Buffer is not registered');
      users.set(buffer, count);
    },
  };
  const registered = () => [...users.values()].reduce((sum, count) => sum + count, 0);
  return { module, calls, live, registered };
}

// Only its size is read.
const buffer = (size: number) => ({ size }) as GPUBuffer;

function bindings(): Bindings {
  const cache = { buffer: buffer(4096), type: 'float32' as const, dims: [1, 2, 16, 32] };
  return {
    inputs: { input_ids: { buffer: buffer(16), type: 'int64', dims: [1, 1] }, past: cache },
    outputs: { next_token: { buffer: buffer(16), type: 'int64', dims: [1, 1] }, present: cache },
    runOptions: { gpu_graph_id: '-1' },
  };
}

describe('a bound session', () => {
  test('binds every input and output once, with type, size and shape', async () => {
    const { module, calls } = fakeModule();
    await BoundSession.bind(new OrtWasm(module), 5, bindings());
    expect(calls.filter(({ name }) => name === 'input' || name === 'output').map(({ values }) => values)).toEqual([
      ['input_ids', true],
      ['past', true],
      ['next_token', true],
      ['present', true],
    ]);
    expect(calls.filter(({ name }) => name === 'tensor').map(({ values }) => values)).toEqual([
      [7, 8, [1, 1], 4],
      [1, 4096, [1, 2, 16, 32], 4],
      [7, 8, [1, 1], 4],
      [1, 4096, [1, 2, 16, 32], 4],
    ]);
    expect(calls.find(({ name }) => name === 'runConfig')?.values).toEqual(['gpu_graph_id', '-1']);
  });

  test('runs leave nothing behind, and dispose releases everything, once', async () => {
    const { module, live, registered } = fakeModule();
    const bound = await BoundSession.bind(new OrtWasm(module), 5, bindings());
    const [handles, buffers] = [live.size, registered()];
    for (let i = 0; i < 3; i++) await bound.run();
    expect(live.size).toBe(handles);
    expect(registered()).toBe(buffers);
    bound.dispose();
    bound.dispose();
    expect(live.size).toBe(0);
    expect(registered()).toBe(0);
  });

  test.each([
    ['binding', 'OrtCreateBinding'],
    ['tensor', 'tensor input_ids'],
    ['input', 'input input_ids'],
    ['output', 'output next_token'],
    ['runOptions', 'OrtCreateRunOptions'],
    ['runConfig', 'run option gpu_graph_id=-1'],
  ])('a failing %s is told with the message of ONNX Runtime, and nothing is left', async (failing, what) => {
    const { module, live, registered } = fakeModule(failing);
    await expect(BoundSession.bind(new OrtWasm(module), 5, bindings())).rejects.toThrow(`${what}: the message`);
    expect(live.size).toBe(0);
    expect(registered()).toBe(0);
  });

  test('a failing run is told', async () => {
    const { module } = fakeModule('run');
    const bound = await BoundSession.bind(new OrtWasm(module), 5, bindings());
    await expect(bound.run()).rejects.toThrow('OrtRunWithBinding: the message');
  });

  test('a buffer that is too small is refused before the runtime writes past its end', async () => {
    const { module, live } = fakeModule();
    const { inputs, ...rest } = bindings();
    const small = { ...inputs, input_ids: { buffer: buffer(4), type: 'int64' as const, dims: [1, 1] } };
    await expect(BoundSession.bind(new OrtWasm(module), 5, { ...rest, inputs: small })).rejects.toThrow(
      'input_ids: 8 bytes in a buffer of 4',
    );
    expect(live.size).toBe(0);
  });
});

describe('options of the provider', () => {
  test('are set before the provider is appended, for one session only', async () => {
    const { module, calls } = fakeModule();
    const wasm = new OrtWasm(module);
    const create = async () => {
      await module._OrtAppendExecutionProvider(9, 0, 0, 0, 0);
      return module._OrtCreateSession(0, 0, 9);
    };
    const { made, handle } = await wasm.create({ enableGraphCapture: '1' }, create);
    expect(handle).toBe(made);
    await create();
    expect(calls.map(({ name, values }) => [name, ...values])).toEqual([
      ['config', 9, 'ep.webgpuexecutionprovider.enableGraphCapture', '1'],
      ['append'],
      ['session'],
      ['append'],
      ['session'],
    ]);
  });

  test('its context is a second one of the same device; sessions after it get the first again', async () => {
    const { module } = fakeModule();
    const wasm = new OrtWasm(module);
    const device = {} as GPUDevice;
    const create = async () => {
      const info = module.webgpuRegisterDevice?.(device);
      await module._OrtCreateSession(0, 0, 9);
      return info;
    };
    const { made } = await wasm.create({ maxNumPendingDispatches: '128' }, create);
    expect(made?.slice(1)).toEqual([40, 50]);
    expect(made?.[0]).not.toBe(3);
    expect(await create()).toEqual([3, 40, 50]);
    await expect(wasm.create({}, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await create()).toEqual([3, 40, 50]);
    expect(module.webgpuRegisterDevice?.()).toBeUndefined();
  });

  test('a session that does not come out of the module is an error', async () => {
    const { module } = fakeModule();
    await expect(new OrtWasm(module).create({}, async () => 1)).rejects.toThrow('through the module');
  });
});
