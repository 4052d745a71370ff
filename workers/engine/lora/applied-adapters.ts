/** The adapters that the decoder runs with: sets them, removes them, and changes their strengths. */
import type { PlannedBranches } from '#core/budget/memory-plan.ts';
import type { Projection } from '#core/gemma3/projections.ts';
import type { Adapter } from '#core/lora/adapter.ts';
import { AdapterError } from '#core/lora/error.ts';
import { checkBranches, targetsOf } from '#core/lora/branches.ts';
import { rankOf } from '#core/lora/stack.ts';
import { OnnxError } from '#core/onnx/model.ts';
import type { LoraBranch } from '#core/onnx/patch/lora-branches.ts';
import { FailureError } from '#core/failure.ts';
import type { Backend } from '../model/backend.ts';
import type { Decoder } from '../model/decoder.ts';
import type { DecoderGraph } from '../model/decoder-graph.ts';
import type { DecoderSession } from '../model/decoder-session.ts';
import type { Embedding } from '../model/embedding.ts';
import { reasonOf } from '../model/session.ts';
import { warmUp } from '../model/warm-up.ts';
import { DecoderGoneError } from './failure.ts';
import { LoraInputs } from './inputs.ts';

/** Without adapters the session has no LoRA branches, so that plain answers are not slower. */
interface Applied {
  /** Projections that have LoRA branches in the session. */
  targets: readonly Projection[];
  branches: readonly LoraBranch[];
  inputs: LoraInputs | undefined;
  /** Of all adapters together. */
  rank: number;
  strengths: readonly number[];
}

/** A replacement is not broken off half way. */
const never = new AbortController().signal;

type OnProgress = (doneBytes: number, totalBytes: number) => void;

export class AppliedAdapters {
  readonly #backend: Backend;
  readonly #embedding: Embedding;
  readonly #decoder: Decoder;
  readonly #session: DecoderSession;
  #applied: Applied = { targets: [], branches: [], inputs: undefined, rank: 0, strengths: [] };
  /** True while `during` runs a job at strengths other than those of `#applied`. */
  #isOverridden = false;

  constructor(backend: Backend, embedding: Embedding, decoder: Decoder, session: DecoderSession) {
    this.#backend = backend;
    this.#embedding = embedding;
    this.#decoder = decoder;
    this.#session = session;
  }

  /**
   * Applies these adapters in place of the ones before; an empty list takes the LoRA branches out of the graph. Empties the
   * decoder's cache. When it throws anything but DecoderGoneError, the adapters before stay applied.
   * @param strengths one for each
   * @throws AdapterError, FailureError `no-lora-branches`, DecoderGoneError
   */
  async set(
    adapters: readonly Adapter[],
    strengths: readonly number[],
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<void> {
    const targets = targetsOf(adapters);
    const isSame = adapters.length === 0 && this.#applied.targets.length === 0;
    if (isSame) return;
    const fits = adapters.length > 0 && targets.every((target) => this.#applied.targets.includes(target));
    const graph = fits ? undefined : await this.#graph(targets);
    const branches = graph?.branches ?? this.#applied.branches;
    if (adapters.length > 0 && branches.length === 0)
      throw new FailureError('no-lora-branches', { file: this.#session.path });
    for (const adapter of adapters) checkBranches(adapter, branches, this.#session.path);
    signal.throwIfAborted();

    const before = this.#applied;
    const inputs = adapters.length > 0 ? new LoraInputs(this.#backend, branches, adapters, strengths) : undefined;
    this.#decoder.truncate(0);
    if (graph) {
      try {
        await this.#replace(graph, inputs, onProgress);
      } catch (error) {
        inputs?.dispose();
        throw error;
      }
    } else this.#decoder.use(this.#session.current, inputs);
    this.#applied = {
      ...{ targets: graph ? targets : before.targets, branches, inputs },
      ...{ rank: rankOf(adapters), strengths: [...strengths] },
    };
    before.inputs?.dispose();
  }

  /** The branches that hold A and B; undefined where no adapter is applied. */
  get planned(): PlannedBranches | undefined {
    const { targets, rank, inputs } = this.#applied;
    return inputs && { targets, rank };
  }

  /**
   * Takes effect at the next run.
   * @returns whether anything changed; false if the number of strengths is wrong or one is not finite
   */
  setStrengths(strengths: readonly number[]): boolean {
    const { strengths: old, inputs } = this.#applied;
    if (strengths.length !== old.length || !strengths.every((strength) => Number.isFinite(strength))) return false;
    if (strengths.every((strength, index) => strength === old[index])) return false;
    this.#applied.strengths = [...strengths];
    if (!this.#isOverridden) inputs?.setStrengths(this.#applied.strengths);
    return true;
  }

  /** Runs `work` at other strengths. Afterwards the latest strengths of `setStrengths` apply again. */
  async during<T>(strengths: readonly number[] | undefined, work: () => Promise<T>): Promise<T> {
    if (strengths === undefined) return work();
    if (
      strengths.length !== this.#applied.strengths.length ||
      !strengths.every((strength) => Number.isFinite(strength))
    )
      throw new RangeError(`${this.#applied.strengths.length} adapters at strengths ${JSON.stringify(strengths)}`);
    this.#isOverridden = true;
    this.#applied.inputs?.setStrengths(strengths);
    try {
      return await work();
    } finally {
      this.#isOverridden = false;
      this.#applied.inputs?.setStrengths(this.#applied.strengths);
    }
  }

  dispose(): void {
    this.#applied.inputs?.dispose();
  }

  async #graph(targets: readonly Projection[]): Promise<DecoderGraph> {
    try {
      return await this.#session.graph(targets);
    } catch (cause) {
      if (cause instanceof OnnxError) throw new AdapterError(this.#session.path, cause.message);
      throw cause;
    }
  }

  /** Replaces the session; restores the previous one if that fails. */
  async #replace(graph: DecoderGraph, inputs: LoraInputs | undefined, onProgress: OnProgress): Promise<void> {
    try {
      await this.#useSession(graph, inputs, onProgress);
    } catch (cause) {
      console.error(cause);
      try {
        this.#decoder.truncate(0);
        await this.#useSession(await this.#session.graph(this.#applied.targets), this.#applied.inputs, onProgress);
      } catch (again) {
        const isLost = cause instanceof FailureError && cause.code === 'device-lost';
        throw new DecoderGoneError(isLost ? cause.code : 'runtime', reasonDetail(again), { cause: again });
      }
      throw new AdapterError(this.#session.path, String(reasonDetail(cause).reason));
    }
  }

  async #useSession(graph: DecoderGraph, inputs: LoraInputs | undefined, onProgress: OnProgress): Promise<void> {
    this.#decoder.use(await this.#session.make(graph, never, onProgress), inputs);
    // Some sessions are created without an error and fail at their first run.
    await warmUp(this.#backend, this.#embedding, this.#decoder);
  }
}

function reasonDetail(cause: unknown): { reason: string | number } {
  const told = cause instanceof FailureError ? cause.detail['reason'] : undefined;
  return { reason: told ?? reasonOf(cause) };
}
