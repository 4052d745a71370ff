/** Chooses tokens on the GPU from logits that stay there, and says afterwards what they were chosen from. */
import type { Candidates } from '#core/sampling/candidates.ts';
import type { Cuts } from '#core/sampling/choose.ts';
import type { Backend } from '../model/backend.ts';
import { readBuffer } from '../model/read-buffer.ts';
import {
  capacity,
  columnBytes,
  columns,
  drawCode,
  entriesWords,
  gatherCode,
  headWords,
  idBits,
  mostCandidates,
  scanCode,
} from './kernels.ts';

/** What a choice was made from. */
export interface DeviceChoice {
  /** The id that the device chose, in float32. */
  chosen: number;
  /** Undefined if the row has logits that the kernels do not take (NaN, infinity), or too many that are hardly different. */
  candidates: Candidates | undefined;
}

export interface QueuedChoice {
  choice: Promise<DeviceChoice>;
  /** Reads the whole row of logits, [vocabulary]; possible until the choice after the next one is queued. */
  row(): Promise<Float32Array>;
}

type Kernel = 'scan' | 'gather' | 'draw';
type Kernels = Record<Kernel, GPUComputePipeline>;

const compiled = new WeakMap<GPUDevice, Promise<Kernels>>();

/** Compiles the kernels; once a device. @throws what compiling throws */
export function samplingKernels(device: GPUDevice): Promise<Kernels> {
  const known = compiled.get(device);
  if (known) return known;
  const pipeline = (entryPoint: Kernel, code: string) =>
    device.createComputePipelineAsync({
      label: `sampling/${entryPoint}`,
      layout: 'auto',
      compute: { module: device.createShaderModule({ label: `sampling/${entryPoint}`, code }), entryPoint },
    });
  const kernels = Promise.all([
    pipeline('scan', scanCode),
    pipeline('gather', gatherCode),
    pipeline('draw', drawCode),
  ]).then(([scan, gather, draw]) => ({ scan, gather, draw }));
  compiled.set(device, kernels);
  // It may be awaited later than it fails.
  kernels.catch(() => undefined);
  return kernels;
}

/** Temperatures and vocabularies that the kernels take: their numbers are float32, their ids 24 bits. */
export function canSampleOnDevice({ temperature }: Cuts, vocabulary: number): boolean {
  return temperature >= 1e-30 && temperature <= 1e30 && vocabulary < 2 ** idBits;
}

/** In the order in which they run. */
const workgroupsOf: readonly (readonly [Kernel, number])[] = [
  ['scan', columns / 64],
  ['gather', 1],
  ['draw', 1],
];
const settingsBytes = 32;
const offsetOfU = 24;
/** Logits that are this many temperatures below the largest have a weight of 0 in float32. */
const weightless = 200;

export class DeviceSampler {
  /** int64 [1, 1]: the token of the newest choice. */
  readonly token: GPUBuffer;
  readonly #backend: Backend;
  readonly #gpu: NonNullable<Backend['gpu']>;
  readonly #kernels: Kernels;
  readonly #vocabulary: number;
  /** Candidates that are read. */
  readonly #rank: number;
  readonly #settings: GPUBuffer;
  readonly #found: GPUBuffer;
  readonly #kept: GPUBuffer;
  readonly #answer: GPUBuffer;
  /** Two, because the next choice is queued before the last one is read. */
  readonly #slots: readonly { staging: GPUBuffer; row: GPUBuffer }[];
  readonly #groups = new Map<GPUBuffer, Record<Kernel, GPUBindGroup>>();
  readonly #u = new Float32Array(1);
  readonly #buffers: GPUBuffer[] = [];
  #turn = 0;

  private constructor(backend: Backend, kernels: Kernels, cuts: Cuts, vocabulary: number) {
    const { gpu } = backend;
    if (!gpu) throw new TypeError('a device sampler needs a GPU');
    this.#backend = backend;
    this.#gpu = gpu;
    this.#kernels = kernels;
    this.#vocabulary = vocabulary;
    this.#rank = cuts.topK > 0 ? Math.min(cuts.topK, mostCandidates) : mostCandidates;
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    this.#settings = this.#buffer('settings', settingsBytes, UNIFORM | COPY_DST);
    this.#found = this.#buffer('columns', columns * columnBytes, STORAGE);
    this.#kept = this.#buffer('kept', 4 * entriesWords, STORAGE);
    this.#answer = this.#buffer('candidates', this.#answerBytes, STORAGE | COPY_SRC);
    this.token = this.#buffer('token', 16, STORAGE | COPY_SRC);
    this.#slots = [0, 1].map((index) => ({
      staging: this.#buffer(`candidates/staging/${index}`, this.#answerBytes, MAP_READ | COPY_DST),
      row: this.#buffer(`logits/${index}`, 4 * vocabulary, COPY_SRC | COPY_DST),
    }));
    const values = new DataView(new ArrayBuffer(settingsBytes));
    values.setUint32(0, vocabulary, true);
    values.setUint32(4, this.#rank, true);
    values.setUint32(8, cuts.topK < vocabulary ? cuts.topK : 0, true);
    values.setFloat32(12, cuts.topP, true);
    values.setFloat32(16, 1 / cuts.temperature, true);
    values.setFloat32(20, -weightless * cuts.temperature, true);
    gpu.device.queue.writeBuffer(this.#settings, 0, values.buffer);
  }

  /** @param vocabulary length of a row. For settings and rows for which `canSampleOnDevice`. */
  static async make(backend: Backend, cuts: Cuts, vocabulary: number): Promise<DeviceSampler> {
    if (!backend.gpu) throw new TypeError('a device sampler needs a GPU');
    return new DeviceSampler(backend, await backend.guard(samplingKernels(backend.gpu.device)), cuts, vocabulary);
  }

  /** Bytes that are read back for a token. */
  get #answerBytes(): number {
    return 4 * headWords + 8 * this.#rank;
  }

  /**
   * Queues a choice from the logits as they are after the work queued so far. Its token is in `token` for the work queued next.
   * @param logits float32 [vocabulary] @param u in [0, 1)
   */
  queue(logits: GPUBuffer, u: number): QueuedChoice {
    const slot = this.#slots[this.#turn];
    if (!slot) throw new TypeError('no slot');
    this.#turn = (this.#turn + 1) % this.#slots.length;
    const { device } = this.#gpu;
    this.#u[0] = u;
    device.queue.writeBuffer(this.#settings, offsetOfU, this.#u);
    const groups = this.#groupsOf(logits);
    const encoder = device.createCommandEncoder({ label: 'sampling' });
    const pass = encoder.beginComputePass();
    for (const [kernel, workgroups] of workgroupsOf) {
      pass.setPipeline(this.#kernels[kernel]);
      pass.setBindGroup(0, groups[kernel]);
      pass.dispatchWorkgroups(workgroups);
    }
    pass.end();
    encoder.copyBufferToBuffer(this.#answer, 0, slot.staging, 0, this.#answerBytes);
    // The next step overwrites the logits before anybody knows whether the row is needed.
    encoder.copyBufferToBuffer(logits, 0, slot.row, 0, 4 * this.#vocabulary);
    device.queue.submit([encoder.finish()]);
    const choice = slot.staging.mapAsync(GPUMapMode.READ).then(() => {
      const bytes = slot.staging.getMappedRange().slice(0);
      slot.staging.unmap();
      return this.#read(new DataView(bytes));
    });
    const row = async () =>
      new Float32Array(await this.#backend.guard(readBuffer(this.#gpu, slot.row)), 0, this.#vocabulary);
    return { choice: this.#backend.guard(choice), row };
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #read(answer: DataView): DeviceChoice {
    const [reached, odd, sum] = [answer.getUint32(0, true), answer.getUint32(4, true), answer.getFloat32(8, true)];
    const chosen = answer.getUint32(12, true);
    if (odd !== 0 || reached > capacity || !Number.isFinite(sum)) return { chosen, candidates: undefined };
    const count = Math.min(reached, this.#rank);
    const at = (index: number) => 4 * headWords + 8 * index;
    const error = relativeError(this.#vocabulary);
    return {
      chosen,
      candidates: {
        ids: Int32Array.from({ length: count }, (_, index) => answer.getUint32(at(index), true)),
        logits: Float32Array.from({ length: count }, (_, index) => answer.getFloat32(at(index) + 4, true)),
        vocabulary: this.#vocabulary,
        total: { low: sum * (1 - error), high: sum * (1 + error) },
      },
    };
  }

  #groupsOf(logits: GPUBuffer): Record<Kernel, GPUBindGroup> {
    const known = this.#groups.get(logits);
    if (known) return known;
    const { device } = this.#gpu;
    const bind = (kernel: Kernel, ...buffers: GPUBuffer[]) =>
      device.createBindGroup({
        layout: this.#kernels[kernel].getBindGroupLayout(0),
        entries: [this.#settings, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
    const groups = {
      scan: bind('scan', logits, this.#found),
      gather: bind('gather', logits, this.#found, this.#kept),
      draw: bind('draw', this.#found, this.#kept, this.#answer, this.token),
    };
    this.#groups.set(logits, groups);
    return groups;
  }

  #buffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.ceil(bytes / 16) * 16;
    const buffer = this.#gpu.ledger.createBuffer('scratch', { label: `sampling/${label}`, size, usage });
    this.#buffers.push(buffer);
    return buffer;
  }
}

/**
 * Bound of the relative error of the kernels' sum of exponentials. With x = (logit − largest) / temperature, WGSL's exp is within
 * 3 + 2|x| units of 2^−23, a weight is a product of two, and rounding of their arguments adds 1.5|x| units. The mean of |x| over
 * the distribution is its entropy less the logarithm of the sum, so ln V at most. Each addition adds half a unit.
 */
function relativeError(vocabulary: number): number {
  const additions = vocabulary / columns + columns / 256 + 10;
  // Half as much again for terms of higher order.
  return 1.5 * 2 ** -23 * (7 + 3.5 * Math.log(vocabulary) + additions / 2);
}
