/** The engine we compare with: transformers.js, greedy decoding, default settings, files served by our own server. */
import {
  AutoModelForCausalLM,
  AutoModelForImageTextToText,
  AutoTokenizer,
  env,
  Tensor,
  TextStreamer,
  type PreTrainedModel,
  type PreTrainedTokenizer,
} from '@huggingface/transformers';
import asyncifyMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import { requestGpu } from '../../workers/engine/runtime/device.ts';
import type { Answer, OpenRequest } from './contract.ts';

/** transformers.js requires a name in the Hub's form; remoteHost and remotePathTemplate point to the actual files. */
const MODEL = 'bench/package';

export class Peer {
  #model: PreTrainedModel | undefined;
  #tokenizer: PreTrainedTokenizer | undefined;
  #prefill = new PrefillClock();

  async open({ url, peerDevice, architecture }: OpenRequest): Promise<void> {
    env.allowLocalModels = false;
    env.allowRemoteModels = true;
    env.remoteHost = new URL('..', url).href;
    env.remotePathTemplate = new URL(url).pathname.split('/').at(-2) ?? '';
    const wasm = env.backends.onnx.wasm;
    if (!wasm) throw new Error('transformers.js has no WebAssembly backend here');
    // The build that transformers.js downloads from its CDN by default.
    wasm.wasmPaths = { mjs: new URL(asyncifyMjs, location.href).href, wasm: new URL(asyncifyWasm, location.href).href };
    const Model = architecture === 'Gemma3ForCausalLM' ? AutoModelForCausalLM : AutoModelForImageTextToText;
    const options = { device: 'webgpu' as const };
    this.#tokenizer = await AutoTokenizer.from_pretrained(MODEL);
    this.#model = await Model.from_pretrained(
      MODEL,
      peerDevice === 'own'
        ? options
        : { ...options, session_options: { executionProviders: [{ name: 'webgpu', device: await engineDevice() }] } },
    );
    this.#prefill.watch(this.#model.sessions);
  }

  async generate(prompt: string, newTokens: number): Promise<Answer> {
    if (!this.#model || !this.#tokenizer) throw new Error('generate() before open()');
    const start = performance.now();
    this.#prefill.reset();
    const inputs: unknown = this.#tokenizer.apply_chat_template([{ role: 'user', content: prompt }], {
      add_generation_prompt: true,
      return_dict: true,
    });
    const { input_ids, attention_mask } = tensorsOf(inputs);
    const streamer = new TokenTimes(this.#tokenizer);
    await this.#model.generate({
      input_ids,
      attention_mask,
      max_new_tokens: newTokens,
      do_sample: false,
      streamer,
    });
    const { ids, times } = streamer;
    const [first = NaN, last = NaN] = [times[0], times.at(-1)];
    return {
      promptTokens: input_ids.dims[1] ?? 0,
      prefillMilliseconds: this.#prefill.milliseconds,
      firstTokenMilliseconds: first - start,
      decodeTokensPerSecond: ids.length > 1 ? ((ids.length - 1) / (last - first)) * 1000 : NaN,
      ids,
    };
  }
}

async function engineDevice(): Promise<GPUDevice> {
  const gpu = await requestGpu();
  if (typeof gpu === 'string') throw new Error(`no GPU: ${gpu}`);
  return gpu.device;
}

function tensorsOf(inputs: unknown): { input_ids: Tensor; attention_mask: Tensor } {
  if (typeof inputs === 'object' && inputs !== null && 'input_ids' in inputs && 'attention_mask' in inputs) {
    const { input_ids, attention_mask } = inputs;
    if (input_ids instanceof Tensor && attention_mask instanceof Tensor) return { input_ids, attention_mask };
  }
  throw new Error('the tokenizer returned no tensors');
}

/** Records token times: `put` is called once with the prompt, then once per token. Decodes no text. */
class TokenTimes extends TextStreamer {
  readonly ids: number[] = [];
  readonly times: number[] = [];
  #isPrompt = true;

  override put(value: bigint[][]): void {
    if (!this.#isPrompt) {
      this.times.push(performance.now());
      this.ids.push(Number(value[0]?.[0]));
    }
    this.#isPrompt = false;
  }

  override end(): void {
    // Nothing is buffered.
  }
}

/** Time from the first run of any session to the end of the first run that gives logits. */
class PrefillClock {
  #start: number | undefined;
  #end: number | undefined;

  reset(): void {
    this.#start = this.#end = undefined;
  }

  get milliseconds(): number {
    return (this.#end ?? NaN) - (this.#start ?? NaN);
  }

  watch(
    sessions: Record<string, { run(...values: unknown[]): Promise<unknown>; outputNames: readonly string[] }>,
  ): void {
    for (const session of Object.values(sessions)) {
      const run = session.run.bind(session);
      const givesLogits = session.outputNames.includes('logits');
      session.run = async (...values) => {
        this.#start ??= performance.now();
        const outputs = await run(...values);
        if (givesLogits) this.#end ??= performance.now();
        return outputs;
      };
    }
  }
}
