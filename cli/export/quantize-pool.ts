/** Threads that quantize rows, so that an export uses every core. The bytes are those of one thread. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { RowQuantizer } from '#core/gemma3/store-weight.ts';
import type { QuantizedRows, QuantizeRows } from '#core/quant/blocks.ts';
import { CommandError, systemCode } from '../shared/errors.ts';
import type { FromThread, ToThread } from './quantize-thread.ts';

interface Waiting {
  resolve: (quantized: QuantizedRows) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  /** In the order in which they were sent, which is that of the answers. */
  waiting: Waiting[];
}

/** Pieces of rows a thread has at a time: one is quantized while the other is on its way. */
const PIECES_PER_THREAD = 2;

/** tsx's module for `import`; Vitest, which exports packages for the tests in the browser, has no import.meta.resolve. */
const LOADER = pathToFileURL(
  createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs'),
).href;

/** The thread's first module. Node 20 gives a thread no loader of its parent's: it registers that for TypeScript itself. */
const THREAD = `
import { register } from ${JSON.stringify(LOADER)};
register();
await import(${JSON.stringify(new URL('./quantize-thread.ts', import.meta.url).href)});`;

export class QuantizePool implements RowQuantizer {
  readonly pieces: number;
  private threads: Thread[] = [];
  /** Why no thread can be used any more. */
  private failure: Error | undefined;

  /** @param count of threads, at least 1; they start with the first piece */
  constructor(private readonly count: number) {
    this.pieces = count * PIECES_PER_THREAD;
  }

  /** @throws what `quantizeRows` throws, and CommandError when a thread runs out of memory */
  readonly quantize: QuantizeRows = (values, columns, format, method) => {
    if (this.failure) return Promise.reject(this.failure);
    if (this.threads.length === 0) this.threads = Array.from({ length: this.count }, () => this.start());
    const [thread] = this.threads.toSorted((a, b) => a.waiting.length - b.waiting.length);
    if (!thread) throw new Error('a pool without threads');
    // The values are given away: their buffer moves to the thread, unless it holds something else too.
    const { buffer, byteLength } = values;
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
    const given = isWhole ? buffer : Float32Array.from(values).buffer;
    const message: ToThread = { values: new Float32Array(given), columns, format, method };
    return new Promise<QuantizedRows>((resolve, reject) => {
      thread.waiting.push({ resolve, reject });
      thread.worker.postMessage(message, [given]);
    });
  };

  /** Ends the threads, also in the middle of a piece. */
  async close(): Promise<void> {
    this.fail(new Error('the pool is closed'));
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }

  private start(): Thread {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(THREAD)}`), { execArgv: [] });
    const thread: Thread = { worker, waiting: [] };
    worker.on('message', (message: FromThread) => {
      const next = thread.waiting.shift();
      if (message.type === 'done') next?.resolve(message.quantized);
      else next?.reject(message.error);
    });
    worker.on('error', (error: Error) => this.fail(asCommandError(error)));
    worker.on('exit', (status) => this.fail(new Error(`a thread that quantizes ended with ${status}`)));
    return thread;
  }

  /** The first reason counts. */
  private fail(error: Error): void {
    this.failure ??= error;
    for (const { waiting } of this.threads) for (const { reject } of waiting.splice(0)) reject(this.failure);
  }
}

function asCommandError(error: Error): Error {
  if (systemCode(error) !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new CommandError('a thread that quantizes ran out of memory; export with fewer --threads', { cause: error });
}
