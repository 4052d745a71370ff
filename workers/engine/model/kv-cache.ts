/**
 * The KV cache. Layout of one tensor: [1, keyValueHeads, rows, headDim]; position p is at row p, in layers with a sliding
 * window at row p − rows.start (local-rows.ts).
 *
 * On the GPU it is kept in fixed buffers (static-kv-cache.ts). If the graph cannot do that, and on the CPU, each run returns a
 * new, longer cache (growing-kv-cache.ts).
 */
import type * as Ort from 'onnxruntime-web';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { allGraphs, consumers, mainGraph } from '#core/onnx/model.ts';
import type { LocalRows } from './local-rows.ts';

export interface KvCache {
  /** Positions it can hold. */
  readonly capacity: number;
  /** True if `truncate` can take back the newest positions at no cost: `rollbackTokens` of them at least. */
  readonly canTruncate: boolean;
  /** True if `truncate` takes back the newest `rollbackTokens` positions, be it by copying the others. */
  readonly canRollBack: boolean;
  /** Tokens that the next run can have at most, as far as the cache limits them. */
  readonly longestRun: number;
  /** Which positions the local layers hold; undefined if they hold all of them. */
  readonly rows: LocalRows | undefined;
  /** Bytes of the rows that hold tokens. */
  readonly filledBytes: number;
  /** To be called before each run, with the number of its new tokens. @throws RangeError if they are more than one run may have */
  prepare(tokens: number): void;
  /** @param inputs names of the session's inputs */
  feeds(inputs: ReadonlySet<string>): Record<string, Ort.Tensor>;
  /** Tensors to be written by the run; null lets the runtime allocate. */
  fetches(): Record<string, Ort.Tensor | null>;
  /** Takes over the outputs of a run. */
  accept(outputs: Ort.InferenceSession.ReturnType): void;
  /** Keeps the first `length` positions. @returns false if all of them had to be dropped: they must be computed again */
  truncate(length: number): boolean;
  dispose(): void;
}

/** Name, type and shape of one cache input, read from the graph. */
export interface KvInput {
  past: string;
  present: string;
  type: 'float32' | 'float16';
  heads: number;
  headDim: number;
}

/** The cache inputs of a decoder in the transformers.js layout, in the order of the graph. */
export function kvInputs(model: ModelProto): KvInput[] {
  const inputs: KvInput[] = [];
  for (const { name, type } of mainGraph(model).input) {
    if (!name.startsWith('past_key_values.') || type?.value.case !== 'tensorType') continue;
    const { elemType, shape } = type.value.value;
    const size = (index: number) => {
      const dim = shape?.dim[index]?.value;
      return dim?.case === 'dimValue' ? Number(dim.value) : 0;
    };
    inputs.push({
      past: name,
      present: name.replace('past_key_values.', 'present.'),
      type: elemType === 10 ? 'float16' : 'float32',
      heads: size(1),
      headDim: size(3),
    });
  }
  return inputs;
}

/** True when GroupQueryAttention alone reads the cache, as its third and fourth inputs. */
export function canBeStatic(model: ModelProto): boolean {
  const graph = mainGraph(model);
  const isStatic = kvInputs(model).every(({ past }) => {
    const readers = [...consumers(graph, past)];
    return readers.length > 0 && readers.every(({ node }) => node.opType === 'GroupQueryAttention');
  });
  return (
    isStatic && [...allGraphs(graph)].some((part) => part.node.some(({ opType }) => opType === 'GroupQueryAttention'))
  );
}
