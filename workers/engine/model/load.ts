/** Loads a package onto its device: reads and patches graphs, creates sessions, allocates caches. */
import { afterOneToken, ChunkLength } from '#core/chat/chunk-length.ts';
import { localChunkTokens } from '#core/budget/kv-cache.ts';
import type { ModelInfo, OpenOptions, OpenProgress } from '#core/protocol/engine.ts';
import { countParameters } from '#core/gemma3/parameters.ts';
import { FailureError } from '#core/failure.ts';
import { OnnxError } from '#core/onnx/model.ts';
import { widenScales } from '#core/onnx/patch/widen-scales.ts';
import { AdapterCache } from '../lora/adapter-cache.ts';
import { AppliedAdapters } from '../lora/applied-adapters.ts';
import { timed } from '../runtime/timed.ts';
import type { Backend } from './backend.ts';
import { checkDtype, checkSize } from './checks.ts';
import { Decoder } from './decoder.ts';
import { DecoderSession, isStatic } from './decoder-session.ts';
import { embeddingSessionFactory } from './embedding-session.ts';
import { IdsOrImages, passThroughEmbedding, SessionEmbedding, type Embedding } from './embedding.ts';
import { GpuWeights } from './gpu-weights.ts';
import { chooseGraphCapture } from './graph-capture.ts';
import { GrowingKvCache } from './growing-kv-cache.ts';
import { kvInputs } from './kv-cache.ts';
import type { GraphSource, ModelPackage } from './package.ts';
import { ModelSessions } from './sessions.ts';
import { StaticKvCache } from './static-kv-cache.ts';
import { chooseVariant } from './variant.ts';
import { VisionEncoder } from './vision.ts';
import { visionSessionFactory } from './vision-sessions.ts';
import { warmUp, warmUpTokens } from './warm-up.ts';

export interface LoadedModel {
  package: ModelPackage;
  backend: Backend;
  info: Omit<ModelInfo, 'selfTest'>;
  embedding: Embedding;
  decoder: Decoder;
  /** LoRA adapters that run with the decoder. */
  adapters: AppliedAdapters;
  adapterCache: AdapterCache;
  vision: VisionEncoder | undefined;
  /** How many tokens the next chunk of prefill has. */
  chunkLength: ChunkLength;
  /** Tokens that a chunk of prefill can have. */
  longestChunk: number;
  /** Bytes of weights that its sessions read, as the files hold them; what two sessions read counts twice. */
  readonly weightBytes: number;
  dispose(): Promise<void>;
}

/**
 * Tokens of a prefill chunk. The first is as long as the warm-up's on a GPU, whose kernels are compiled then; on the CPU it is
 * shorter where the warm-up's token was slow. The longest holds two images of MedGemma with a question; attention of a chunk with
 * images computes a matrix of its tokens by those of the context.
 */
const chunkOnGpu = { first: warmUpTokens, least: 16, most: 640 };
const chunkOnCpu = { first: 32, least: 8, most: 64 };

type LoadOptions = Pick<OpenOptions, 'contextLength' | 'keepVisionOnGpu' | 'variant' | 'graphCapture'>;

/**
 * @throws FailureError if the package cannot be loaded on the device; nothing is left allocated then
 */
export async function loadModel(
  pack: ModelPackage,
  backend: Backend,
  options: LoadOptions,
  signal: AbortSignal,
  onProgress: (progress: OpenProgress) => void,
): Promise<LoadedModel> {
  const release: (() => Promise<void> | void)[] = [];
  const dispose = async () => {
    for (const free of release.splice(0).reverse()) await free();
  };
  try {
    const model = await load(pack, backend, options, signal, onProgress, release);
    return { ...model, dispose };
  } catch (error) {
    // Frees what was allocated. On a lost device that fails too; only the first error is reported.
    await dispose().catch(() => undefined);
    if (!(error instanceof OnnxError)) throw error;
    throw new FailureError('file-broken', { file: pack.decoder.path, reason: error.message }, { cause: error });
  }
}

async function load(
  whole: ModelPackage,
  backend: Backend,
  options: LoadOptions,
  signal: AbortSignal,
  onProgress: (progress: OpenProgress) => void,
  release: (() => Promise<void> | void)[],
): Promise<Omit<LoadedModel, 'dispose'>> {
  const { config } = whole;
  const chosen = chooseVariant(whole, backend, options.variant);
  const pack = backend.gpu ? widened(chosen.pack) : chosen.pack;
  const step = (phase: OpenProgress['phase'], file: string, doneBytes: number, totalBytes: number) => {
    signal.throwIfAborted();
    onProgress({ type: 'progress', phase, file, doneBytes, totalBytes });
  };
  checkDtype(pack, backend);
  const [embeddingGraph, visionGraph] = await timed(
    'graphs',
    async () => [await pack.embedding?.read(), await pack.vision?.read()] as const,
  );
  const weights = new GpuWeights(backend, pack);
  const sessions = new ModelSessions(backend);
  release.push(() => sessions.release());
  const localChunk = Math.max(localChunkTokens, config.vision?.tokensPerImage ?? 0);
  const size = { contextLength: options.contextLength, longestChunk: localChunk };
  const decoderSession = new DecoderSession(pack, backend, weights, size, sessions);
  const graph = await timed('graphs: decoder', () => decoderSession.graph([]));
  checkSize(backend, [graph.text.model, embeddingGraph, visionGraph]);
  const { contextLength } = graph;
  const chunkLimits = backend.gpu ? chunkOnGpu : chunkOnCpu;
  const longestChunk = Math.max(chunkLimits.most, config.vision?.tokensPerImage ?? 0);
  const reading = (path: string) => (doneBytes: number, totalBytes: number) =>
    onProgress({ type: 'progress', phase: 'weights', file: path, doneBytes, totalBytes });
  const made = await decoderSession.make(graph, signal, reading(pack.decoder.path));
  const inputs = kvInputs(graph.text.model);
  const Cache = isStatic(backend, graph.text.model) ? StaticKvCache : GrowingKvCache;
  const cache = new Cache(backend, inputs, contextLength, graph.local);
  release.push(() => cache.dispose());
  const decoder = new Decoder(backend, made, cache);
  release.push(() => decoder.dispose());

  let embedding: Embedding = passThroughEmbedding;
  // A decoder that takes ids needs it for chunks with images only; the table is on the device once for both.
  if (pack.embedding && embeddingGraph && (!graph.takesIds || graph.image)) {
    const factory = embeddingSessionFactory(
      backend,
      pack,
      weights,
      pack.embedding,
      embeddingGraph,
      graph.table,
      signal,
    );
    const live = await sessions.add(factory, reading(pack.embedding.path));
    const whole = new SessionEmbedding(backend, live, config.text.hiddenSize, longestChunk);
    release.push(() => whole.dispose());
    embedding = graph.takesIds ? new IdsOrImages(whole) : whole;
  }

  let vision: VisionEncoder | undefined;
  if (pack.vision && visionGraph && config.vision) {
    const stages = await sessions.add(
      visionSessionFactory(backend, pack, weights, pack.vision, visionGraph, {
        keepOnGpu: options.keepVisionOnGpu ?? true,
        signal,
      }),
      reading(pack.vision.path),
    );
    vision = new VisionEncoder(backend, stages, [config.vision.tokensPerImage, config.text.hiddenSize]);
  }

  // 0 of 0 bytes: the amount of work to compile is unknown.
  step('compile', pack.decoder.path, 0, 0);
  const tokenMilliseconds = await warmUp(backend, embedding, decoder);
  signal.throwIfAborted();
  const name = pack.manifest?.name ?? pack.reader.name;
  const graphCapture = await timed('graph capture', () =>
    chooseGraphCapture(
      { backend, weights, config, sessions, decoderSession, decoder, embedding, signal, modelName: name },
      options.graphCapture ?? { mode: 'auto', known: {} },
    ),
  );
  signal.throwIfAborted();
  const adapters = new AppliedAdapters(backend, embedding, decoder, decoderSession);
  release.push(() => adapters.dispose());
  const info: LoadedModel['info'] = {
    name,
    randomWeights: pack.manifest?.source.randomWeights ?? false,
    teaches: pack.manifest?.teaches,
    dtype: { decoder: pack.decoder.dtype, vision: pack.vision?.dtype },
    variantReason: chosen.reason,
    parameters: pack.manifest?.parameters ?? countParameters(config),
    layers: config.text.layers,
    vocabularySize: config.text.vocabularySize,
    hasVision: vision !== undefined,
    imageAttention: vision === undefined ? undefined : graph.isOurs ? 'bidirectional' : 'causal',
    tokensPerImage: config.vision?.tokensPerImage ?? 0,
    contextLength,
    graphCapture,
    runtime: backend.info,
  };
  const adapterCache = new AdapterCache(config);
  const chunkLength = new ChunkLength(backend.gpu ? chunkLimits : afterOneToken(chunkLimits, tokenMilliseconds));
  return {
    package: chosen.pack,
    backend,
    info,
    embedding,
    decoder,
    adapters,
    adapterCache,
    vision,
    chunkLength,
    longestChunk,
    weightBytes: sessions.bytes,
  };
}

/** The package with graphs whose float16 scales are declared as float32 where they are read so (`widen-scales.ts`). */
function widened(pack: ModelPackage): ModelPackage {
  const wide = (graph: GraphSource): GraphSource => ({
    ...graph,
    read: async () => {
      const model = await graph.read();
      widenScales(model);
      return model;
    },
  });
  const { decoder, embedding, vision } = pack;
  return { ...pack, decoder: wide(decoder), embedding: embedding && wide(embedding), vision: vision && wide(vision) };
}
