/** What the trainer needs of a runtime: sessions of onnxruntime-node and onnxruntime-web both run graphs so. */

export type Feed =
  | { type: 'float32'; data: Float32Array; dims: readonly number[] }
  | { type: 'int64'; data: BigInt64Array; dims: readonly number[] }
  | { type: 'int32'; data: Int32Array; dims: readonly number[] };

export type Feeds = Readonly<Record<string, Feed>>;

/** Values of the outputs, on the host, by name. */
export type Results = ReadonlyMap<string, Float32Array | BigInt64Array>;

export type RunGraph = (feeds: Feeds) => Promise<Results>;

/** @throws TypeError if there is no such output of floats */
export function floatsOf(results: Results, name: string): Float32Array {
  const values = results.get(name);
  if (!(values instanceof Float32Array)) throw new TypeError(`the graph gave no floats "${name}"`);
  return values;
}

/** @throws TypeError if there is no such output of ids */
export function idsOf(results: Results, name: string): BigInt64Array {
  const values = results.get(name);
  if (!(values instanceof BigInt64Array)) throw new TypeError(`the graph gave no ids "${name}"`);
  return values;
}
