/**
 * The WebAssembly module under onnxruntime-web. Its JavaScript offers no way to give the WebGPU provider all of its options, to
 * bind inputs and outputs once, or to capture only some runs; the C functions that it calls do.
 */
/** What we use of the module (onnxruntime-web, lib/wasm/wasm-types.ts). Pointers and handles are numbers; 0 is none. */
export interface OrtWasmModule {
  readonly PTR_SIZE: number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  stackSave(): number;
  stackRestore(stack: number): void;
  stackAlloc(bytes: number): number;
  setValue(pointer: number, value: number, type: 'i32' | 'i64' | '*'): void;
  getValue(pointer: number, type: 'i32' | 'i64' | '*'): number;
  UTF8ToString(pointer: number): string;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
  lengthBytesUTF8(text: string): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtAddSessionConfigEntry(options: number, key: number, value: number): number;
  _OrtAppendExecutionProvider(
    options: number,
    name: number,
    keys: number,
    values: number,
    count: number,
  ): number | Promise<number>;
  _OrtCreateSession(data: number, bytes: number, options: number): number | Promise<number>;
  _OrtCreateTensor(type: number, data: number, bytes: number, dims: number, rank: number, location: number): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtCreateBinding(session: number): number;
  _OrtBindInput(binding: number, name: number, tensor: number): number | Promise<number>;
  _OrtBindOutput(binding: number, name: number, tensor: number, location: number): number;
  _OrtReleaseBinding(binding: number): number;
  _OrtRunWithBinding(
    session: number,
    binding: number,
    outputCount: number,
    outputs: number,
    runOptions: number,
  ): number | Promise<number>;
  _OrtCreateRunOptions(severity: number, verbosity: number, terminate: boolean, tag: number): number;
  _OrtAddRunConfigEntry(options: number, key: number, value: number): number;
  _OrtReleaseRunOptions(options: number): number;
  /** Number of a device, under which the provider keeps a context, and handles of the instance and the device. */
  webgpuRegisterDevice?: (device?: GPUDevice) => readonly [id: number, instance: number, device: number] | undefined;
  /** The data pointer of tensors over a buffer; counts its users. */
  webgpuRegisterBuffer?(buffer: GPUBuffer, session: number): number;
  webgpuUnregisterBuffer?(buffer: GPUBuffer): void;
}

/** Options of the WebGPU provider: names without their prefix `ep.webgpuexecutionprovider.`. */
export type ProviderOptions = Readonly<Record<string, string>>;

/** Added to the number of a device: far from those that the module gives. */
const secondContext = 1_000_000;

export class OrtWasm {
  readonly module: OrtWasmModule;
  #provider: ProviderOptions = {};
  #session = 0;

  constructor(module: OrtWasmModule) {
    this.module = module;
    const append = module._OrtAppendExecutionProvider.bind(module);
    module._OrtAppendExecutionProvider = (options, ...rest) => {
      // Before the provider is made: what `extra` of the session options sets comes after it.
      for (const [name, value] of Object.entries(this.#provider))
        withStrings(module, [`ep.webgpuexecutionprovider.${name}`, value], ([key = 0, text = 0]) =>
          this.check(module._OrtAddSessionConfigEntry(options, key, text), `provider option ${name}=${value}`),
        );
      return append(options, ...rest);
    };
    const create = module._OrtCreateSession.bind(module);
    module._OrtCreateSession = async (...values) => (this.#session = await create(...values));
  }

  /**
   * Creates a session with options of the provider. No other session may be created meanwhile. Its context is a second one of the
   * same device: options of a context, such as maxNumPendingDispatches, are those of its first session.
   * A session without such options must stand meanwhile, because the module asks for the device in the first context.
   * @returns what `create` returns, and the handle of the session in the module
   * @throws what `create` throws
   */
  async create<T>(provider: ProviderOptions, create: () => Promise<T>): Promise<{ made: T; handle: number }> {
    this.#provider = provider;
    this.#session = 0;
    // Here and not in the constructor: the module gets the function with the first session.
    const { module } = this;
    const register = module.webgpuRegisterDevice;
    if (!register) throw new TypeError('the runtime takes no device of ours');
    module.webgpuRegisterDevice = (device) => {
      const info = register(device);
      return info && [info[0] + secondContext, info[1], info[2]];
    };
    try {
      const made = await create();
      if (this.#session === 0) throw new TypeError('onnxruntime-web did not create its session through the module');
      return { made, handle: this.#session };
    } finally {
      this.#provider = {};
      module.webgpuRegisterDevice = register;
    }
  }

  /** @throws Error with ONNX Runtime's message if `code` is not 0 */
  check(code: number, what: string): void {
    if (code !== 0) throw this.error(what);
  }

  /** ONNX Runtime's last error, for functions that answer with a handle. */
  error(what: string): Error {
    const { module } = this;
    const stack = module.stackSave();
    try {
      const size = module.PTR_SIZE;
      const values = module.stackAlloc(2 * size);
      module._OrtGetLastError(values, values + size);
      const message = module.getValue(values + size, '*');
      return new Error(`${what}: ${message === 0 ? 'no message' : module.UTF8ToString(message)}`);
    } finally {
      module.stackRestore(stack);
    }
  }
}

/** Calls `use` with the addresses of C strings that live as long as the call. */
export function withStrings<T>(
  module: OrtWasmModule,
  texts: readonly string[],
  use: (pointers: readonly number[]) => T,
): T {
  const pointers = texts.map((text) => {
    const bytes = module.lengthBytesUTF8(text) + 1;
    const pointer = module._malloc(bytes);
    module.stringToUTF8(text, pointer, bytes);
    return pointer;
  });
  try {
    return use(pointers);
  } finally {
    for (const pointer of pointers) module._free(pointer);
  }
}
