/** The graph inputs that tell a decoder which positions its local caches hold (core/onnx/patch/local-window.ts). */
import type * as Ort from 'onnxruntime-web';
import { localInput, type LocalWindow, type RopeTable } from '#core/onnx/patch/local-window.ts';
import { gpuTensor, type Backend } from './backend.ts';
import type { LocalRows } from './local-rows.ts';

export class LocalInputs {
  readonly #backend: Backend;
  readonly #window: LocalWindow;
  readonly #rows: LocalRows;
  readonly #tensors: Record<string, Ort.Tensor> = {};
  readonly #buffers = new Map<string, GPUBuffer>();
  /** Not among the others: only graphs for images read it. */
  readonly #startTensor: Ort.Tensor;
  // The tensors read these arrays, so a run makes no new ones.
  readonly #seqlensK = new Int32Array(1);
  readonly #totalLength = new Int32Array(1);
  readonly #start = new BigInt64Array(1);

  constructor(backend: Backend, window: LocalWindow, rows: LocalRows) {
    this.#backend = backend;
    this.#window = window;
    this.#rows = rows;
    const { Tensor } = backend.runtime.ort;
    this.#tensors[localInput.seqlensK] = new Tensor('int32', this.#seqlensK, [1]);
    this.#tensors[localInput.totalLength] = new Tensor('int32', this.#totalLength, []);
    this.#startTensor = new Tensor('int64', this.#start, [1]);
    for (const [name, table] of this.#tables()) {
      if (!backend.gpu) continue;
      const buffer = backend.gpu.ledger.createBuffer('kv', {
        label: name,
        size: Math.ceil((rows.rows * rowBytes(table)) / 16) * 16,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
      this.#buffers.set(name, buffer);
      this.#tensors[name] = gpuTensor(backend, buffer, table.type, [rows.rows, table.columns]);
    }
    this.shift();
  }

  /**
   * @param tokens new tokens of the run
   * @param inputs names of the session's inputs
   */
  feeds(tokens: number, inputs: ReadonlySet<string>): Record<string, Ort.Tensor> {
    const total = this.#rows.length + tokens;
    this.#seqlensK[0] = total - 1;
    this.#totalLength[0] = total;
    this.#start[0] = BigInt(this.#rows.start);
    return inputs.has(localInput.start) ? { ...this.#tensors, [localInput.start]: this.#startTensor } : this.#tensors;
  }

  /** Rotates by the positions of the rows, after their start has changed. */
  shift(): void {
    const { start, rows } = this.#rows;
    for (const [name, table] of this.#tables()) {
      // The last rows lie behind the end of the context, and are never used.
      const count = Math.min(rows, table.positions - start);
      const bytes = table.bytes.subarray(start * rowBytes(table), (start + count) * rowBytes(table));
      const buffer = this.#buffers.get(name);
      if (buffer) this.#backend.gpu?.device.queue.writeBuffer(buffer, 0, bytes);
      else this.#tensors[name] = this.#onCpu(table, bytes, [count, table.columns]);
    }
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
  }

  #tables(): [string, RopeTable][] {
    const { rope } = this.#window;
    if (!rope) return [];
    return [
      [localInput.cos, rope.cos],
      [localInput.sin, rope.sin],
    ];
  }

  #onCpu({ type }: RopeTable, { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>, dims: number[]): Ort.Tensor {
    const { Tensor } = this.#backend.runtime.ort;
    return type === 'float32'
      ? new Tensor(type, new Float32Array(buffer, byteOffset, byteLength / 4), dims)
      : new Tensor(type, new Uint16Array(buffer, byteOffset, byteLength / 2), dims);
  }
}

function rowBytes({ type, columns }: RopeTable): number {
  return columns * (type === 'float32' ? 4 : 2);
}
