/** A KV cache in GPU buffers that stay where they are. */
import type * as Ort from 'onnxruntime-web';
import { rollbackTokens } from '#core/budget/kv-cache.ts';
import { FailureError } from '#core/failure.ts';
import type { LocalWindow } from '#core/onnx/patch/local-window.ts';
import { gpuTensor, type Backend } from './backend.ts';
import type { KvCache, KvInput } from './kv-cache.ts';
import { LocalInputs } from './local-inputs.ts';
import { LocalRows, type RowMove } from './local-rows.ts';

/**
 * Buffers are both input and output of a run: GroupQueryAttention writes new rows in place. Global layers have a row for every
 * position. Local layers have fewer where `local` says so; when new rows do not fit behind the filled ones, the last of those
 * move to the front (LocalRows).
 */
export class StaticKvCache implements KvCache {
  readonly capacity: number;
  readonly canTruncate = true;
  readonly canRollBack = true;
  readonly rows: LocalRows | undefined;
  readonly #inputs: LocalInputs | undefined;
  readonly #gpu: NonNullable<Backend['gpu']>;
  readonly #buffers: GPUBuffer[] = [];
  readonly #local: { buffer: GPUBuffer; heads: number; rowBytes: number }[] = [];
  /** Bytes of a position in all global layers. */
  #globalBytes = 0;
  #length = 0;
  /** Holds the rows of one head that move: a copy within one buffer is not allowed. */
  readonly #moved: GPUBuffer | undefined;
  readonly #past: Record<string, Ort.Tensor> = {};
  readonly #present: Record<string, Ort.Tensor> = {};
  #tokens = 0;

  constructor(
    backend: Backend,
    inputs: readonly KvInput[],
    capacity: number,
    local?: { window: LocalWindow; rows: number },
  ) {
    const gpu = backend.gpu;
    if (!gpu) throw new TypeError('a static KV cache needs a GPU');
    this.#gpu = gpu;
    this.capacity = capacity;
    for (const input of inputs) {
      const isLocal = local?.window.pasts.has(input.past) === true;
      const rows = isLocal ? local.rows : capacity;
      const rowBytes = input.headDim * (input.type === 'float16' ? 2 : 4);
      const buffer = this.#create(input.past, input.heads * rows * rowBytes);
      if (isLocal) this.#local.push({ buffer, heads: input.heads, rowBytes });
      else this.#globalBytes += input.heads * rowBytes;
      const dims = [1, input.heads, rows, input.headDim];
      this.#past[input.past] = gpuTensor(backend, buffer, input.type, dims);
      this.#present[input.present] = gpuTensor(backend, buffer, input.type, dims);
    }
    if (!local) return;
    this.rows = new LocalRows(local.window.window, local.rows);
    this.#inputs = new LocalInputs(backend, local.window, this.rows);
    const widest = Math.max(...this.#local.map(({ rowBytes }) => rowBytes));
    this.#moved = this.#create('moved rows', (local.window.window - 1 + rollbackTokens) * widest);
  }

  get longestRun(): number {
    return this.rows?.longestRun ?? Infinity;
  }

  get filledBytes(): number {
    const localBytes = this.#local.reduce((sum, { heads, rowBytes }) => sum + heads * rowBytes, 0);
    return this.#length * this.#globalBytes + (this.rows?.length ?? 0) * localBytes;
  }

  prepare(tokens: number): void {
    this.#tokens = tokens;
    const move = this.rows?.makeRoom(tokens);
    if (move) this.#move(move);
  }

  feeds(inputs: ReadonlySet<string>): Record<string, Ort.Tensor> {
    return this.#inputs ? { ...this.#past, ...this.#inputs.feeds(this.#tokens, inputs) } : this.#past;
  }

  fetches(): Record<string, Ort.Tensor> {
    return this.#present;
  }

  accept(): void {
    // The run wrote into our buffers.
    this.#length += this.#tokens;
    this.rows?.append(this.#tokens);
  }

  truncate(length: number): boolean {
    // Rows past the length are never read: the lengths say how many there are.
    this.#length = length;
    if (!this.rows) return true;
    const { start } = this.rows;
    const isKept = this.rows.truncate(length);
    if (!isKept) this.#length = 0;
    if (this.rows.start !== start) this.#inputs?.shift();
    return isKept;
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#inputs?.dispose();
  }

  /** Queued behind the runs before and ahead of the next one, so nothing waits for it. */
  #move({ from, count }: RowMove): void {
    const { device } = this.#gpu;
    const rows = this.rows?.rows ?? 0;
    const moved = this.#moved;
    if (!moved) throw new TypeError('there is no buffer to move rows through');
    const encoder = device.createCommandEncoder({ label: 'local KV rows to the front' });
    for (const { buffer, heads, rowBytes } of this.#local)
      for (let head = 0; head < heads; head++) {
        const first = head * rows;
        encoder.copyBufferToBuffer(buffer, (first + from) * rowBytes, moved, 0, count * rowBytes);
        encoder.copyBufferToBuffer(moved, 0, buffer, first * rowBytes, count * rowBytes);
      }
    device.queue.submit([encoder.finish()]);
    this.#inputs?.shift();
  }

  /** @throws FailureError `out-of-memory` for a buffer that no memory would make possible: the context is too long for this device */
  #create(label: string, bytes: number): GPUBuffer {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#gpu.device.limits;
    if (bytes > Math.min(maxBufferSize, maxStorageBufferBindingSize)) {
      this.dispose();
      throw new FailureError('out-of-memory', { bytes });
    }
    const buffer = this.#gpu.ledger.createBuffer('kv', {
      label,
      size: Math.ceil(bytes / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.#buffers.push(buffer);
    return buffer;
  }
}
