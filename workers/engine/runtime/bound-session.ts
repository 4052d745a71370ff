/** A session whose inputs and outputs are bound once, to GPU buffers: a run creates no tensors and looks up no names. */
import { withStrings, type OrtWasm } from './ort-wasm.ts';

export type BoundType = 'float32' | 'float16' | 'uint8' | 'int32' | 'int64';

/** A buffer of the caller, and what it holds. */
export interface BoundTensor {
  buffer: GPUBuffer;
  type: BoundType;
  dims: readonly number[];
}

export interface Bindings {
  inputs: Readonly<Record<string, BoundTensor>>;
  /** All outputs that a run shall compute. A buffer may also be an input. */
  outputs: Readonly<Record<string, BoundTensor>>;
  /** Entries of OrtRunOptions, e.g. `gpu_graph_id`. */
  runOptions: Readonly<Record<string, string>>;
}

/** ONNX's TensorProto.DataType, and bytes of an element. */
const types: Record<BoundType, { id: number; bytes: number }> = {
  float32: { id: 1, bytes: 4 },
  uint8: { id: 2, bytes: 1 },
  int32: { id: 6, bytes: 4 },
  int64: { id: 7, bytes: 8 },
  float16: { id: 10, bytes: 2 },
};
/** onnxruntime-web's code for tensors in GPU buffers (wasm-common.ts). */
const gpuBufferLocation = 4;
/** ORT_LOGGING_LEVEL_ERROR. */
const errorsOnly = 3;

export class BoundSession {
  readonly #wasm: OrtWasm;
  readonly #session: number;
  readonly #outputCount: number;
  /** Memory for the handles of the outputs, which each run makes anew. */
  #outputs = 0;
  #binding = 0;
  #runOptions = 0;
  readonly #tensors: number[] = [];
  readonly #registered: GPUBuffer[] = [];

  private constructor(wasm: OrtWasm, session: number, outputCount: number) {
    this.#wasm = wasm;
    this.#session = session;
    this.#outputCount = outputCount;
  }

  /**
   * @param session its handle in the module; it must outlive the binding
   * @throws Error with ONNX Runtime's message; nothing is left then
   */
  static async bind(wasm: OrtWasm, session: number, bindings: Bindings): Promise<BoundSession> {
    const outputs = Object.entries(bindings.outputs);
    const bound = new BoundSession(wasm, session, outputs.length);
    try {
      await bound.#bind(Object.entries(bindings.inputs), outputs);
      bound.#setRunOptions(Object.entries(bindings.runOptions));
      return bound;
    } catch (error) {
      bound.dispose();
      throw error;
    }
  }

  /**
   * Queues a run on what the buffers hold; resolves when it is queued.
   * @throws Error with ONNX Runtime's message
   */
  async run(): Promise<void> {
    const { module } = this.#wasm;
    const count = this.#outputCount;
    const code = await module._OrtRunWithBinding(this.#session, this.#binding, count, this.#outputs, this.#runOptions);
    this.#wasm.check(code, 'OrtRunWithBinding');
    for (let index = 0; index < count; index++)
      module._OrtReleaseTensor(module.getValue(this.#outputs + index * module.PTR_SIZE, '*'));
  }

  /** Releases all handles; the caller's buffers stay. A second call does nothing. */
  dispose(): void {
    const { module } = this.#wasm;
    if (this.#binding !== 0) module._OrtReleaseBinding(this.#binding);
    for (const tensor of this.#tensors.splice(0)) module._OrtReleaseTensor(tensor);
    for (const buffer of this.#registered.splice(0)) module.webgpuUnregisterBuffer?.(buffer);
    if (this.#runOptions !== 0) module._OrtReleaseRunOptions(this.#runOptions);
    if (this.#outputs !== 0) module._free(this.#outputs);
    this.#binding = this.#runOptions = this.#outputs = 0;
  }

  async #bind(inputs: [string, BoundTensor][], outputs: [string, BoundTensor][]): Promise<void> {
    const wasm = this.#wasm;
    const { module } = wasm;
    this.#binding = module._OrtCreateBinding(this.#session);
    if (this.#binding === 0) throw wasm.error('OrtCreateBinding');
    for (const [name, tensor] of inputs) {
      const handle = this.#tensor(name, tensor);
      // The name is read before the first wait.
      const code = withStrings(module, [name], ([text = 0]) => module._OrtBindInput(this.#binding, text, handle));
      wasm.check(await code, `input ${name}`);
    }
    for (const [name, tensor] of outputs) {
      const handle = this.#tensor(name, tensor);
      const code = withStrings(module, [name], ([text = 0]) => module._OrtBindOutput(this.#binding, text, handle, 0));
      wasm.check(code, `output ${name}`);
    }
    this.#outputs = module._malloc(outputs.length * module.PTR_SIZE);
  }

  #tensor(name: string, { buffer, type, dims }: BoundTensor): number {
    const { module } = this.#wasm;
    const { id, bytes } = types[type];
    const size = dims.reduce((product, dim) => product * dim, bytes);
    if (size > buffer.size) throw new RangeError(`${name}: ${size} bytes in a buffer of ${buffer.size}`);
    const data = module.webgpuRegisterBuffer?.(buffer, this.#session);
    if (data === undefined) throw new TypeError('this build of onnxruntime-web binds no GPU buffers');
    this.#registered.push(buffer);
    const stack = module.stackSave();
    try {
      const shape = module.stackAlloc(Math.max(1, dims.length) * module.PTR_SIZE);
      dims.forEach((dim, index) =>
        module.setValue(shape + index * module.PTR_SIZE, dim, module.PTR_SIZE === 4 ? 'i32' : 'i64'),
      );
      const tensor = module._OrtCreateTensor(id, data, size, shape, dims.length, gpuBufferLocation);
      if (tensor === 0) throw this.#wasm.error(`tensor ${name}`);
      this.#tensors.push(tensor);
      return tensor;
    } finally {
      module.stackRestore(stack);
    }
  }

  #setRunOptions(entries: [string, string][]): void {
    const { module } = this.#wasm;
    this.#runOptions = module._OrtCreateRunOptions(errorsOnly, 0, false, 0);
    if (this.#runOptions === 0) throw this.#wasm.error('OrtCreateRunOptions');
    for (const [key, value] of entries) {
      const code = withStrings(module, [key, value], ([name = 0, text = 0]) =>
        module._OrtAddRunConfigEntry(this.#runOptions, name, text),
      );
      this.#wasm.check(code, `run option ${key}=${value}`);
    }
  }
}
