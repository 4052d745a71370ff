/** The graphs of a package in ONNX Runtime for Node, on the CPU, without the page's engine: what the files say, and nothing else. */
import * as ort from 'onnxruntime-node';
import { CommandError } from '../cli/shared/errors.ts';

/** present.{layer}.key and .value, [1, keyValueHeads, length, headDim]. A run returns new tensors and does not change these. */
export type Cache = Readonly<Record<string, ort.Tensor>>;

export interface DecoderInput {
  /** Embeddings [new · hidden], or ids [new] where the decoder takes those. */
  input: Float32Array | readonly number[];
  /** attention_mask of all tokens, cached and new: 1 is text, 2, 3, … number the images. */
  mask: readonly number[];
  /** Cache of the tokens before; undefined at the start. */
  past?: Cache | undefined;
  /** Number of last tokens whose logits are returned; 0: all new ones. */
  keep?: number;
}

export interface DecoderRun {
  /** [kept, vocabulary] */
  logits: Float32Array;
  cache: Cache;
}

/** Paths of .onnx files; a text-only package has a decoder alone. */
export interface GraphPaths {
  decoder: string;
  embedding?: string | undefined;
  vision?: string | undefined;
}

export class NodeSessions {
  readonly #decoder: ort.InferenceSession;
  readonly #embedding: ort.InferenceSession | undefined;
  readonly #vision: ort.InferenceSession | undefined;
  /** The empty cache. */
  readonly #start: Cache;

  private constructor(
    decoder: ort.InferenceSession,
    embedding: ort.InferenceSession | undefined,
    vision: ort.InferenceSession | undefined,
  ) {
    this.#decoder = decoder;
    this.#embedding = embedding;
    this.#vision = vision;
    this.#start = emptyCache(decoder);
  }

  /**
   * @param threads number of threads for one run; 0: the runtime's default
   * @throws CommandError that names the file which cannot be loaded
   */
  static async open(paths: GraphPaths, threads = 0): Promise<NodeSessions> {
    const options = { logSeverityLevel: 3, intraOpNumThreads: threads } as const;
    const open = (path: string) =>
      ort.InferenceSession.create(path, options).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new CommandError(`${path} cannot be loaded; write the package anew with "npm run export" (${reason})`, {
          cause,
        });
      });
    return new NodeSessions(
      await open(paths.decoder),
      paths.embedding === undefined ? undefined : await open(paths.embedding),
      paths.vision === undefined ? undefined : await open(paths.vision),
    );
  }

  /** pixel_values [n, channels, size, size] → image_features [n · tokens · hidden] */
  async features(pixels: { shape: readonly number[]; data: Float32Array }): Promise<Float32Array> {
    if (!this.#vision) throw new Error('the package has no vision encoder');
    const { image_features } = await this.#vision.run({
      pixel_values: new ort.Tensor('float32', pixels.data, pixels.shape),
    });
    return floats(image_features);
  }

  /** ids → [ids · hidden] */
  async embeddings(ids: readonly number[]): Promise<Float32Array> {
    if (!this.#embedding) throw new Error('the decoder takes ids');
    const { inputs_embeds } = await this.#embedding.run({ input_ids: integers(ids, [1, ids.length]) });
    return floats(inputs_embeds);
  }

  /** As `run`, for text tokens. */
  async runTokens(ids: readonly number[], rest: Omit<DecoderInput, 'input'>): Promise<DecoderRun> {
    return this.run({ ...rest, input: this.#embedding ? await this.embeddings(ids) : ids });
  }

  async run({ input, mask, past = this.#start, keep = 1 }: DecoderInput): Promise<DecoderRun> {
    const before = past['present.0.key']?.dims[2] ?? 0;
    const count = mask.length - before;
    const feeds: Record<string, ort.Tensor> = {
      attention_mask: integers(mask, [1, mask.length]),
      num_logits_to_keep: integers([keep], []),
    };
    if (input instanceof Float32Array) {
      feeds['inputs_embeds'] = new ort.Tensor('float32', input, [1, count, input.length / count]);
    } else feeds['input_ids'] = integers(input, [1, count]);
    for (const [name, tensor] of Object.entries(past)) feeds[name.replace('present', 'past_key_values')] = tensor;
    const { logits, ...cache } = await this.#decoder.run(feeds);
    return { logits: floats(logits), cache };
  }
}

/** The part that computes prompts and answers. */
export type Decoder = Pick<NodeSessions, 'run' | 'runTokens'>;

function emptyCache(decoder: ort.InferenceSession): Cache {
  const cache: Record<string, ort.Tensor> = {};
  for (const input of decoder.inputMetadata) {
    if (!input.isTensor || !input.name.startsWith('past_key_values.')) continue;
    // Symbolic dimensions are the batch, which is 1, and the length, which is 0.
    const dims = input.shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : 0));
    cache[input.name.replace('past_key_values', 'present')] =
      input.type === 'float16'
        ? new ort.Tensor('float16', new Uint16Array(0), dims)
        : new ort.Tensor('float32', new Float32Array(0), dims);
  }
  return cache;
}

function integers(values: readonly number[], dims: readonly number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

function floats(tensor: ort.Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('expected a float32 tensor');
  return new Float32Array(tensor.data);
}
