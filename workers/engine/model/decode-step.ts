/**
 * Decode with WebGPU's graph capture: one session for single text tokens whose inputs and outputs are bound once, to buffers. The
 * runtime records its dispatches at the first run and repeats them afterwards (docs/decisions/0017-graph-capture.md).
 */
import type * as Ort from 'onnxruntime-web';
import { nextToken } from '#core/onnx/patch/argmax-head.ts';
import { lengthInputs, toDecodeStep } from '#core/onnx/patch/decode-step.ts';
import { BoundSession, type BoundTensor, type BoundType } from '../runtime/bound-session.ts';
import type { OrtWasm, ProviderOptions } from '../runtime/ort-wasm.ts';
import type { Backend } from './backend.ts';
import type { PatchedGraph } from './decoder-graph.ts';
import type { GpuWeights } from './gpu-weights.ts';
import { makeGraphSession, releaseGraphSession, type GraphSession } from './graph-session.ts';
import type { KvCache } from './kv-cache.ts';
import type { SessionSource } from './session.ts';
import { externalBytes, sharedBytes } from './weight-bytes.ts';
import type { SessionFactory } from './sessions.ts';

export interface DecodeStepParts {
  backend: Backend;
  wasm: OrtWasm;
  weights: GpuWeights;
  /** Made for every session anew: `toDecodeStep` changes it. @throws OnnxError */
  graph(): Promise<PatchedGraph>;
  source(model: PatchedGraph['model']): SessionSource;
  cache: KvCache;
  vocabularySize: number;
  signal: AbortSignal;
}

/**
 * A repeated step encodes nothing while the GPU works, so short submits (16 dispatches by default) only cost time. Not all of
 * them in one: the page's frames come between submits.
 */
const provider: ProviderOptions = { enableGraphCapture: '1', maxNumPendingDispatches: '128' };

export class DecodeStep {
  /** int64 [1, 1]: the token to run (`take`). */
  readonly ids: GPUBuffer;
  /** int64 [1, 1]: the greedy choice of the last run. Not `ids`: the first run executes the graph twice. */
  readonly next: GPUBuffer;
  /** float32 [1, 1, vocabulary] of the last run; undefined if the graph does not give them. */
  readonly logits: GPUBuffer | undefined;
  readonly vocabularySize: number;
  readonly #device: GPUDevice;
  readonly #lengths: readonly GPUBuffer[];
  readonly #values: readonly Int32Array<ArrayBuffer>[] = [new Int32Array(1), new Int32Array(1)];
  readonly #session: GraphSession;
  readonly #bound: BoundSession;

  private constructor(
    device: GPUDevice,
    session: GraphSession,
    buffers: Pick<DecodeStep, 'ids' | 'next' | 'logits' | 'vocabularySize'> & { lengths: readonly GPUBuffer[] },
    bound: BoundSession,
  ) {
    this.#device = device;
    this.#session = session;
    this.#bound = bound;
    this.ids = buffers.ids;
    this.next = buffers.next;
    this.logits = buffers.logits;
    this.vocabularySize = buffers.vocabularySize;
    this.#lengths = buffers.lengths;
  }

  /** @throws OnnxError if the decoder cannot be captured, FailureError or Error of the runtime; nothing is left then */
  static async make(parts: DecodeStepParts, onRead: (bytes: number) => void): Promise<DecodeStep> {
    const { backend, wasm, weights, signal, cache } = parts;
    const { gpu } = backend;
    if (!gpu) throw new TypeError('graph capture needs a GPU');
    const { model, shared } = await parts.graph();
    toDecodeStep(model);
    const { made, handle } = await wasm.create(provider, () =>
      makeGraphSession(backend, weights, parts.source(model), shared, signal, { onRead }),
    );
    const created: GPUBuffer[] = [];
    const buffer = (label: string, size: number) => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const fresh = gpu.ledger.createBuffer('scratch', { label, size: Math.ceil(size / 16) * 16, usage });
      created.push(fresh);
      return fresh;
    };
    try {
      const outputs = new Set(made.session.outputNames);
      const { vocabularySize } = parts;
      const ids = buffer('input_ids', 8);
      const next = buffer(nextToken, 8);
      const seqlens = buffer(lengthInputs.seqlens, 4);
      const total = buffer(lengthInputs.total, 4);
      const logits = outputs.has('logits') ? buffer('logits', 4 * vocabularySize) : undefined;
      const bound = await BoundSession.bind(wasm, handle, {
        inputs: {
          ...boundTensors(made.weights.tensors),
          // Without the lengths of local rows: they are those of all rows as long as the step may run (Decoder).
          ...boundTensors(cacheFeeds(cache, made.inputs)),
          input_ids: { buffer: ids, type: 'int64', dims: [1, 1] },
          [lengthInputs.seqlens]: { buffer: seqlens, type: 'int32', dims: [1] },
          [lengthInputs.total]: { buffer: total, type: 'int32', dims: [] },
        },
        outputs: {
          ...boundTensors(cache.fetches()),
          [nextToken]: { buffer: next, type: 'int64', dims: [1, 1] },
          ...(logits && { logits: { buffer: logits, type: 'float32', dims: [1, 1, vocabularySize] } }),
        },
        runOptions: {},
      });
      return new DecodeStep(gpu.device, made, { ids, next, logits, vocabularySize, lengths: [seqlens, total] }, bound);
    } catch (error) {
      for (const one of created) one.destroy();
      await releaseGraphSession(made);
      throw error;
    }
  }

  /** Queues that `token` is the one to run: its id, or a buffer of int64 [1, 1] that holds it by then. */
  take(token: number | GPUBuffer): void {
    const { queue } = this.#device;
    if (typeof token === 'number') {
      queue.writeBuffer(this.ids, 0, new BigInt64Array([BigInt(token)]));
      return;
    }
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(token, 0, this.ids, 0, 8);
    queue.submit([encoder.finish()]);
  }

  /** Queues a step: the token in `ids` gets the position `past`. @throws Error with ONNX Runtime's message */
  async run(past: number): Promise<void> {
    // seqlens_k is the number of positions without the new one, total_sequence_length with it.
    this.#lengths.forEach((buffer, index) => {
      const value = this.#values[index];
      if (!value) return;
      value[0] = past + index;
      this.#device.queue.writeBuffer(buffer, 0, value);
    });
    await this.#bound.run();
  }

  async dispose(): Promise<void> {
    this.#bound.dispose();
    await releaseGraphSession(this.#session);
    for (const buffer of [this.ids, this.next, this.logits, ...this.#lengths]) buffer?.destroy();
  }
}

/** Makes the step as a part of a model's sessions, so that it goes and comes with the others. */
export function decodeStepFactory(parts: DecodeStepParts, { model, shared }: PatchedGraph): SessionFactory<DecodeStep> {
  return {
    bytes: externalBytes(model) + sharedBytes(shared),
    make: (onRead) => DecodeStep.make(parts, onRead),
    release: (step) => step.dispose(),
  };
}

function cacheFeeds(cache: KvCache, inputs: ReadonlySet<string>): Record<string, Ort.Tensor> {
  return Object.fromEntries(Object.entries(cache.feeds(inputs)).filter(([name]) => inputs.has(name)));
}

function boundTensors(tensors: Readonly<Record<string, Ort.Tensor | null>>): Record<string, BoundTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      if (tensor?.location !== 'gpu-buffer') throw new TypeError(`${name} is in no GPU buffer`);
      return [name, { buffer: tensor.gpuBuffer, type: boundType(name, tensor.type), dims: tensor.dims }];
    }),
  );
}

function boundType(name: string, type: Ort.Tensor.Type): BoundType {
  switch (type) {
    case 'float32':
    case 'float16':
    case 'uint8':
    case 'int32':
    case 'int64':
      return type;
    default:
      throw new TypeError(`${name} is of type ${type}`);
  }
}
