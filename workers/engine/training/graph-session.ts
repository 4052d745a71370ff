/** A session of a graph that trains, in Node and in the browser. */
import type * as Ort from 'onnxruntime-web';
import type { Feed, Feeds, Results, RunGraph } from '#core/lora/training/run-graph.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import type { Backend } from '../model/backend.ts';
import type { GraphSource, ModelPackage } from '../model/package.ts';
import { createSession, sourceOf } from '../model/session.ts';

export interface RunnableGraph {
  run: RunGraph;
  release(): Promise<void>;
}

/**
 * @param beside the package's graph whose external data `model` reads
 * @throws FailureError `runtime`, `file-broken`, `file-missing`
 */
export async function openGraph(
  backend: Backend,
  pack: ModelPackage,
  beside: GraphSource,
  model: ModelProto,
): Promise<RunnableGraph> {
  // One run after another of the same sizes: memory that is kept between them is used again.
  const options = { ...backend.sessionOptions, enableCpuMemArena: true };
  const session = await createSession({ ...backend, sessionOptions: options }, sourceOf(pack, beside, model));
  return { run: (feeds) => backend.guard(run(backend, session, feeds)), release: () => session.release() };
}

async function run(backend: Backend, session: Ort.InferenceSession, feeds: Feeds): Promise<Results> {
  const { Tensor } = backend.runtime.ort;
  const tensor = ({ type, data, dims }: Feed): Ort.Tensor => new Tensor(type, data, dims);
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensor(feed)]));
  const outputs = await session.run(inputs);
  const results = new Map<string, Float32Array | BigInt64Array>();
  for (const [name, output] of Object.entries(outputs)) {
    const data = await output.getData();
    if (!(data instanceof Float32Array) && !(data instanceof BigInt64Array))
      throw new TypeError(`the graph gave "${name}" as ${output.type}`);
    results.set(name, data);
    output.dispose();
  }
  return results;
}
