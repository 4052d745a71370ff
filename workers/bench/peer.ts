/** The engine that we compare with: transformers.js with its own `generate`, greedy decoding, default settings. */
import {
  AutoModelForCausalLM,
  AutoModelForImageTextToText,
  AutoProcessor,
  AutoTokenizer,
  env,
  RawImage,
  Tensor,
  TextStreamer,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type Processor,
} from '@huggingface/transformers';
import asyncifyMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import plainMjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { FixedLengthQuestion, TimedAnswer } from '#core/protocol/bench.ts';

/** transformers.js requires a name in the Hub's form; `fetch` answers for it. */
const MODEL = 'bench/package';

/** No server has a name that ends so (RFC 2606): what is not answered from the package cannot be fetched. */
const HOST = 'https://package.invalid/';

export interface PeerOptions {
  provider: 'webgpu' | 'wasm';
  architecture: 'Gemma3ForConditionalGeneration' | 'Gemma3ForCausalLM';
  /** By file name without suffix; undefined: as the package's config.json says. */
  dtype: Readonly<Record<string, string>> | undefined;
  /** Device of the sessions; undefined: the one that the runtime requests. */
  device: GPUDevice | undefined;
  /** A file of the package by its path; undefined if there is none. */
  file: (path: string) => Promise<Response | undefined>;
}

type LoadOptions = NonNullable<Parameters<typeof AutoModelForCausalLM.from_pretrained>[1]>;

export class Peer {
  #model: PreTrainedModel | undefined;
  #tokenizer: PreTrainedTokenizer | undefined;
  #processor: Processor | undefined;
  readonly #prefill = new PrefillClock();

  /** @returns version of transformers.js */
  async open({ provider, architecture, dtype, device, file }: PeerOptions): Promise<string> {
    env.allowLocalModels = false;
    env.allowRemoteModels = true;
    // The files are on this machine: another copy in Cache Storage would only take its room.
    env.useBrowserCache = false;
    env.remoteHost = HOST;
    env.remotePathTemplate = '';
    env.fetch = async (input: string | URL) => {
      const url = new URL(input);
      if (!url.href.startsWith(HOST)) throw new TypeError(`transformers.js asked for ${url.href}`);
      return (await file(decodeURIComponent(url.pathname.replace(/^\/+/, '')))) ?? new Response(null, { status: 404 });
    };
    // Otherwise it would run the runtime's script from a blob, which our Content-Security-Policy forbids.
    env.useWasmCache = false;
    const wasm = env.backends.onnx.wasm;
    if (!wasm) throw new Error('transformers.js has no WebAssembly backend here');
    // The first is the build that transformers.js downloads from its CDN by default; its CPU provider lacks GatherBlockQuantized.
    const [mjs, binary] = provider === 'webgpu' ? [asyncifyMjs, asyncifyWasm] : [plainMjs, plainWasm];
    const address = (path: string) => new URL(path, import.meta.url).href;
    wasm.wasmPaths = { mjs: address(mjs), wasm: address(binary) };
    const Model = architecture === 'Gemma3ForCausalLM' ? AutoModelForCausalLM : AutoModelForImageTextToText;
    this.#tokenizer = await AutoTokenizer.from_pretrained(MODEL);
    if (architecture !== 'Gemma3ForCausalLM') this.#processor = await AutoProcessor.from_pretrained(MODEL);
    const options: LoadOptions = { device: provider };
    if (dtype) Object.assign(options, { dtype });
    if (device) options.session_options = { executionProviders: [{ name: 'webgpu', device }] };
    this.#model = await Model.from_pretrained(MODEL, options);
    this.#prefill.watch(this.#model.sessions);
    return env.version;
  }

  /** Exactly `newTokens` tokens: no id ends the answer. */
  async generate({ messages, newTokens }: FixedLengthQuestion): Promise<TimedAnswer> {
    if (!this.#model || !this.#tokenizer) throw new Error('generate() before open()');
    const start = performance.now();
    this.#prefill.reset();
    const inputs = await this.#inputs(messages);
    const streamer = new TokenTimes(this.#tokenizer);
    await this.#model.generate({
      ...inputs,
      max_new_tokens: newTokens,
      do_sample: false,
      // No token has this id.
      eos_token_id: -1,
      streamer,
    });
    const { ids, times } = streamer;
    const [first = NaN, last = NaN] = [times[0], times.at(-1)];
    return {
      promptTokens: inputs.input_ids.dims[1] ?? 0,
      prefillMilliseconds: this.#prefill.milliseconds,
      firstTokenMilliseconds: first - start,
      decodeTokensPerSecond: ids.length > 1 ? ((ids.length - 1) / (last - first)) * 1000 : NaN,
      ids,
    };
  }

  async #inputs(messages: FixedLengthQuestion['messages']): Promise<Inputs> {
    const parts = messages.flatMap(({ content }) => content);
    const images = parts.flatMap((part) => (part.type === 'image' ? [part.image] : []));
    const plain = messages.map(({ role, content }) => ({
      role,
      content: content.map((part) =>
        part.type === 'image' ? { type: 'image' as const } : { type: 'text' as const, text: part.text },
      ),
    }));
    const template = { add_generation_prompt: true, tokenize: false } as const;
    // Templates of packages differ in whether they take a list of parts or a text.
    const text: unknown = this.#tokenizer?.apply_chat_template(
      images.length > 0 ? plain : messages.map(({ role }, at) => ({ role, content: textOf(messages[at]) })),
      template,
    );
    if (typeof text !== 'string') throw new Error('the chat template gave no text');
    // The template writes <bos> itself.
    const options = { add_special_tokens: false };
    if (images.length === 0) return inputsOf(this.#tokenizer?.(text, options));
    if (!this.#processor) throw new Error('the package has no image processor');
    const read = await Promise.all(
      images.map((image) => {
        if (!(image instanceof Blob)) throw new TypeError('not a Blob');
        return RawImage.fromBlob(image);
      }),
    );
    return inputsOf(await this.#processor(text, read, options));
  }
}

interface Inputs {
  input_ids: Tensor;
  attention_mask: Tensor;
  pixel_values?: Tensor;
}

function textOf(message: FixedLengthQuestion['messages'][number] | undefined): string {
  return (message?.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function inputsOf(inputs: unknown): Inputs {
  if (typeof inputs === 'object' && inputs !== null && 'input_ids' in inputs && 'attention_mask' in inputs) {
    const { input_ids, attention_mask } = inputs;
    const pixels = 'pixel_values' in inputs ? inputs.pixel_values : undefined;
    if (input_ids instanceof Tensor && attention_mask instanceof Tensor)
      return { input_ids, attention_mask, ...(pixels instanceof Tensor && { pixel_values: pixels }) };
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
