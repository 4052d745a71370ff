/** Workers that quantize rows, so that every core has something to do. The bytes are those of one. */
import { FailureError } from '#core/failure.ts';
import { quantizedWeights, type PlannedPackage } from '#core/export/plan.ts';
import type { RowQuantizer } from '#core/gemma3/store-weight.ts';
import { NotFiniteError, type StoredRows } from '#core/gemma3/stored-rows.ts';
import type { BlockFormat, QuantizedRows, QuantizeRows } from '#core/quant/blocks.ts';
import type { QuantMethod } from '#core/quant/settings.ts';
import { PIECE_BYTES } from './open-plan.ts';
import type { SpareBuffers } from './spare-buffers.ts';
import type { FromQuantizer, ToQuantizer } from '../quantize.worker.ts';

interface Waiting {
  resolve: (quantized: QuantizedRows) => void;
  reject: (error: unknown) => void;
}

interface Member {
  worker: Worker;
  /** In the order in which they were sent, which is that of the answers. */
  waiting: Waiting[];
}

/** Pieces of rows a worker has at a time: one is quantized while the other is on its way. */
const PIECES_PER_WORKER = 2;
/** More would wait for the one that reads and writes. */
const MOST_WORKERS = 8;

/** Fewer weights are quantized before workers have started. */
const WEIGHTS_FOR_WORKERS = 2e6;

/** As many as were asked for; else one for each core that the browser tells, or 1 where there is little to quantize. */
export function workersFor(asked: number | undefined, plan: PlannedPackage): number {
  if (asked !== undefined) return Math.max(1, asked);
  if (quantizedWeights(plan) < WEIGHTS_FOR_WORKERS) return 1;
  return Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency));
}

export class QuantizePool implements RowQuantizer {
  readonly pieces: number;
  readonly #count: number;
  #members: Member[] = [];
  #failure: Error | undefined;

  /** @param count of workers, at least 1; they start with the first piece @param spare gets the buffers of stored rows back */
  constructor(
    count: number,
    private readonly spare: SpareBuffers,
  ) {
    this.#count = count;
    this.pieces = count * PIECES_PER_WORKER;
  }

  /** @throws FailureError worker-crashed */
  readonly quantize: QuantizeRows = (values, columns, format, method) => {
    const { buffer, byteLength } = values;
    // The values are given away: their buffer moves to the worker, unless it holds something else too.
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
    const rows = isWhole ? new Float32Array(buffer) : Float32Array.from(values);
    return this.#ask({ rows, columns, format, method }, rows.buffer);
  };

  readonly stored = {
    readBytes: PIECE_BYTES,
    quantize: (rows: StoredRows, columns: number, format: BlockFormat, method: QuantMethod): Promise<QuantizedRows> => {
      const { buffer, byteLength } = rows.bytes;
      const isGiven = buffer.byteLength === byteLength || buffer.byteLength === this.spare.bytes;
      const bytes = isGiven ? rows.bytes : rows.bytes.slice();
      return this.#ask({ rows: { ...rows, bytes }, columns, format, method }, bytes.buffer);
    },
  };

  #ask(message: ToQuantizer, given: ArrayBuffer): Promise<QuantizedRows> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#members.length === 0) this.#members = Array.from({ length: this.#count }, () => this.#start());
    const [member] = this.#members.toSorted((a, b) => a.waiting.length - b.waiting.length);
    if (!member) throw new Error('a pool without workers');
    return new Promise<QuantizedRows>((resolve, reject) => {
      member.waiting.push({ resolve, reject });
      member.worker.postMessage(message, [given]);
    });
  }

  /** Ends the workers, also in the middle of a piece. */
  close(): void {
    this.#fail(new Error('the pool is closed'));
    for (const { worker } of this.#members) worker.terminate();
  }

  #start(): Member {
    const worker = new Worker(new URL('../quantize.worker.ts', import.meta.url), { type: 'module', name: 'quantize' });
    const member: Member = { worker, waiting: [] };
    worker.addEventListener('message', ({ data }: MessageEvent<FromQuantizer>) => {
      const next = member.waiting.shift();
      if (data.type === 'done' && data.rows) this.spare.give(data.rows);
      if (data.type === 'done') next?.resolve(data.quantized);
      else if (data.type === 'not-finite') next?.reject(new NotFiniteError(data.index, data.value));
      else next?.reject(new RangeError(data.reason));
    });
    worker.addEventListener('error', (event) => {
      this.#fail(new FailureError('worker-crashed', { worker: 'quantize', reason: event.message || 'not loaded' }));
    });
    return member;
  }

  /** The first reason counts. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { waiting } of this.#members) for (const { reject } of waiting.splice(0)) reject(this.#failure);
  }
}
