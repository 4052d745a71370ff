/** Graph capture on a decoder of one layer; answers with ids. */
import { expose } from 'comlink';
import { BoundSession } from '../../../workers/engine/runtime/bound-session.ts';
import { requestGpu } from '../../../workers/engine/runtime/device.ts';
import { loadOrt, sessionOptions, type OrtBuild } from '../../../workers/engine/runtime/ort.ts';
import { addOne, attentionIf, decodeStep, STEP } from './models.ts';

const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
const prompt = [3, 10, 17, 24];

function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed * 7919;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export interface CaptureCase {
  build: OrtBuild;
  /** Sliding window of the attention; −1: no window. */
  window: number;
  /** Decode steps are captured, or plain in the same session. */
  captured: boolean;
  /** One buffer is the token that goes in and the one that comes out. */
  sameBuffer: boolean;
  steps: number;
}

async function start(build: OrtBuild) {
  const { ort, wasm } = await loadOrt(build);
  const gpu = await requestGpu();
  if (typeof gpu === 'string') throw new Error(`the tests need WebGPU: ${gpu}`);
  const { device } = gpu;
  // The runtime makes its module with the first session. It stays, as the plain sessions of a model do: OrtWasm.create.
  await ort.InferenceSession.create(addOne(), sessionOptions(device));
  const caught = wasm?.();
  if (!caught) throw new Error('the module was not caught');
  return { ort, device, wasm: caught };
}

const api = {
  /** Ids of greedy decoding after a prefill, and calls of createBindGroup in the last step. */
  async run({ build, window, captured, sameBuffer, steps }: CaptureCase) {
    const { ort, device, wasm } = await start(build);
    const { made, handle } = await wasm.create({ enableGraphCapture: '1' }, () =>
      ort.InferenceSession.create(decodeStep(window, false, noise), sessionOptions(device)),
    );
    const { vocabulary, kvHeads, headDim, context } = STEP;
    const buffer = (size: number) => device.createBuffer({ size: Math.ceil(size / 16) * 16, usage });
    const count = prompt.length;
    const ids = buffer(8 * count);
    const next = sameBuffer ? ids : buffer(8 * count);
    const [seqlens, total, logits] = [buffer(4), buffer(4), buffer(4 * vocabulary * count)];
    const cacheOf = (of: GPUBuffer) => ({ buffer: of, type: 'float32', dims: [1, kvHeads, context, headDim] }) as const;
    const [key, value] = [0, 1].map(() => cacheOf(buffer(4 * kvHeads * context * headDim)));
    if (!key || !value) throw new Error('unreachable');
    const bind = (tokens: number, graph: string) =>
      BoundSession.bind(wasm, handle, {
        inputs: {
          input_ids: { buffer: ids, type: 'int64', dims: [1, tokens] },
          seqlens_k: { buffer: seqlens, type: 'int32', dims: [1] },
          total_sequence_length: { buffer: total, type: 'int32', dims: [] },
          past_key: key,
          past_value: value,
        },
        outputs: {
          next_token: { buffer: next, type: 'int64', dims: [1, tokens] },
          logits: { buffer: logits, type: 'float32', dims: [1, tokens, vocabulary] },
          present_key: key,
          present_value: value,
        },
        runOptions: { gpu_graph_id: graph },
      });
    const [many, one] = [await bind(count, '-1'), await bind(1, captured ? '0' : '-1')];
    const read = async (index: number) => {
      const staging = device.createBuffer({ size: 8, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(next, 8 * index, staging, 0, 8);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const id = Number(new BigInt64Array(staging.getMappedRange())[0]);
      staging.destroy();
      return id;
    };
    const run = async (session: BoundSession, tokens: readonly number[] | undefined, past: number, length: number) => {
      if (tokens) device.queue.writeBuffer(ids, 0, BigInt64Array.from(tokens, BigInt));
      device.queue.writeBuffer(seqlens, 0, new Int32Array([past + length - 1]));
      device.queue.writeBuffer(total, 0, new Int32Array([past + length]));
      await session.run();
      return read(length - 1);
    };
    const out = [await run(many, prompt, 0, count)];
    let bindGroups = 0;
    const createBindGroup = device.createBindGroup.bind(device);
    device.createBindGroup = (descriptor) => {
      bindGroups++;
      return createBindGroup(descriptor);
    };
    for (let step = 0; step < steps; step++) {
      bindGroups = 0;
      // With one buffer the id is there already after the first step.
      const token = sameBuffer && step > 0 ? undefined : [out.at(-1) ?? 0];
      out.push(await run(one, token, count + step, 1));
    }
    one.dispose();
    many.dispose();
    await made.release();
    return { out, bindGroups };
  },

  /** What the runtime says to an If in a session that shall capture; then a session without capture on the same device. */
  async refused(build: OrtBuild) {
    const { ort, device, wasm } = await start(build);
    const message = await wasm
      .create({ enableGraphCapture: '1' }, () =>
        ort.InferenceSession.create(attentionIf(), { ...sessionOptions(device), logSeverityLevel: 4 }),
      )
      .then(() => 'no error')
      .catch((error: unknown) => String(error));
    const session = await ort.InferenceSession.create(addOne(), sessionOptions(device));
    const { y } = await session.run({ x: new ort.Tensor('float32', [1], [1]) });
    return { message, y: y?.data[0] };
  },
};

export type CaptureWorkerApi = typeof api;
expose(api);
