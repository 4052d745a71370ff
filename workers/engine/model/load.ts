/** From a package to a model that stands on its device: graphs read, patched, sessions made, caches allocated. */
import type * as Ort from 'onnxruntime-web';
import type { ModelInfo, OpenEvent, OpenOptions } from '#core/protocol/engine.ts';
import { FailureError } from '#core/protocol/failure.ts';
import { countParameters } from '#core/gemma3/parameters.ts';
import { producer } from '#core/gemma3/stored.ts';
import { externalLocation, mainGraph } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { addArgmaxHead } from '#core/onnx/patch/argmaxHead.ts';
import { ropePositions, setRopePositions } from '#core/onnx/patch/contextLength.ts';
import { fuseHeadNorms } from '#core/onnx/patch/fuseHeadNorms.ts';
import { shareInitializers, type SharedInput } from '#core/onnx/patch/shareInitializers.ts';
import { splitStages } from '#core/onnx/patch/split.ts';
import { gpuTensor, int64Tensor, type Backend } from './backend.ts';
import { Decoder, textMask } from './decoder.ts';
import { idsAsTheyAre, SessionEmbedding, type Embedding } from './embedding.ts';
import { canBeStatic, GrowingKvCache, kvInputs, StaticKvCache } from './kvCache.ts';
import type { GraphSource, ModelPackage } from './package.ts';
import { timed } from '../runtime/timed.ts';
import { createSession, type SessionSource } from './session.ts';
import { uploadShared } from './shared.ts';
import { VisionEncoder, type VisionStage } from './vision.ts';

export interface LoadedModel {
  package: ModelPackage;
  backend: Backend;
  info: ModelInfo;
  embedding: Embedding;
  decoder: Decoder;
  vision: VisionEncoder | undefined;
  /** Longest chunk of prefill in tokens. */
  chunk: number;
  dispose(): Promise<void>;
}

type Progress = Extract<OpenEvent, { type: 'progress' }>;

/** Tokens of a prefill chunk: long enough to fill a GPU, short enough for Stop. */
const chunkOnGpu = 256;
const chunkOnCpu = 32;
/** As long as a short prompt: the kernels for it differ from those for a few tokens. */
const warmUpTokens = 64;
const progressMilliseconds = 50;
/** Stages of the vision encoder: Stop waits for one of them at most. */
const visionStages = 9;
/** The CPU provider keeps all weights in the 4 GiB of WebAssembly memory, twice while it loads. */
const cpuLimitBytes = 1.2e9;

/**
 * @throws FailureError when the package or the device cannot; nothing is left allocated then
 */
export async function loadModel(
  pack: ModelPackage,
  backend: Backend,
  options: Pick<OpenOptions, 'contextLength'>,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<LoadedModel> {
  const release: (() => Promise<void> | void)[] = [];
  const dispose = async () => {
    for (const free of release.splice(0).reverse()) await free();
  };
  try {
    const model = await load(pack, backend, options, signal, onProgress, release);
    return { ...model, dispose };
  } catch (error) {
    // What is not yet taken over must go; that it cannot on a lost device is no second error.
    await dispose().catch(() => undefined);
    throw error;
  }
}

async function load(
  pack: ModelPackage,
  backend: Backend,
  options: Pick<OpenOptions, 'contextLength'>,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
  release: (() => Promise<void> | void)[],
): Promise<Omit<LoadedModel, 'dispose'>> {
  const { config } = pack;
  const step = (phase: Progress['phase'], file: string, doneBytes: number, totalBytes: number) => {
    signal.throwIfAborted();
    onProgress({ type: 'progress', phase, file, doneBytes, totalBytes });
  };
  checkDtype(pack, backend);
  const [decoderGraph, embeddingGraph, visionGraph] = await timed('graphs', () => readGraphs(pack));
  checkSize(backend, [decoderGraph, embeddingGraph, visionGraph]);

  const isOurs = decoderGraph.producerName === producer;
  const wanted = Math.min(options.contextLength, config.text.maxPositions);
  const resized = setRopePositions(decoderGraph, config.text, wanted);
  const contextLength = resized ? wanted : Math.min(wanted, ropePositions(decoderGraph) ?? wanted);
  addArgmaxHead(decoderGraph);
  // The fused norm binds 9 storage buffers, one more than every device must have.
  if ((backend.gpu?.device.limits.maxStorageBuffersPerShaderStage ?? 0) >= 10) fuseHeadNorms(decoderGraph);

  // One copy of the embedding table on the device, for both ends.
  const shareNames = pack.tiedEmbedding && backend.gpu && embeddingGraph ? tiedInitializers(embeddingGraph) : [];
  const decoderShared = shareInitializers(decoderGraph, shareNames);
  const embeddingShared = embeddingGraph ? shareInitializers(embeddingGraph, shareNames) : [];
  const chunk = Math.max(backend.gpu ? chunkOnGpu : chunkOnCpu, config.vision?.tokensPerImage ?? 0);
  let sharedBuffers = new Map<string, GPUBuffer>();
  const decoderSource = source(pack, pack.decoder, decoderGraph);
  if (decoderShared.length > 0) {
    sharedBuffers = await timed('shared weights', () =>
      uploadShared(backend, decoderSource, decoderShared, signal, (done, total) =>
        step('weights', pack.decoder.path, done, total),
      ),
    );
    release.push(() => sharedBuffers.forEach((buffer) => buffer.destroy()));
  }

  const inputs = kvInputs(decoderGraph);
  checkInputs(pack.decoder.path, decoderGraph);
  const isStatic = backend.gpu !== undefined && canBeStatic(decoderGraph);
  const decoderSession = await createSession(backend, decoderSource, {
    outputsOnGpu: isStatic ? [] : inputs.map(({ present }) => present),
    onRead: readProgress(decoderGraph, pack.decoder.path, onProgress),
  });
  release.push(() => decoderSession.release());
  const cache = isStatic
    ? new StaticKvCache(backend, inputs, contextLength)
    : new GrowingKvCache(backend, inputs, contextLength);
  release.push(() => cache.dispose());
  const decoder = new Decoder(
    backend,
    decoderSession,
    tensors(backend, decoderShared, decoderShared, sharedBuffers),
    cache,
  );
  release.push(() => decoder.dispose());

  let embedding: Embedding = idsAsTheyAre;
  if (pack.embedding && embeddingGraph) {
    const session = await createSession(backend, source(pack, pack.embedding, embeddingGraph), {
      onRead: readProgress(embeddingGraph, pack.embedding.path, onProgress),
    });
    release.push(() => session.release());
    const shared = tensors(backend, embeddingShared, decoderShared, sharedBuffers);
    embedding = new SessionEmbedding(backend, session, shared, config.text.hiddenSize, chunk);
    const made = embedding;
    release.push(() => made.dispose());
  }

  let vision: VisionEncoder | undefined;
  if (pack.vision && visionGraph && config.vision) {
    const onRead = readProgress(visionGraph, pack.vision.path, onProgress);
    vision = await loadVision(backend, pack, pack.vision, visionGraph, onRead, signal);
    const made = vision;
    release.push(() => made.dispose());
  }

  // No bytes to count: how much there is to compile nobody knows.
  step('compile', pack.decoder.path, 0, 0);
  await warmUp(backend, embedding, decoder);
  signal.throwIfAborted();
  const info: ModelInfo = {
    name: pack.manifest?.name ?? pack.reader.name,
    randomWeights: pack.manifest?.source.randomWeights ?? false,
    teaches: pack.manifest?.teaches,
    dtype: { decoder: pack.decoder.dtype, vision: pack.vision?.dtype },
    parameters: pack.manifest?.parameters ?? countParameters(config),
    layers: config.text.layers,
    vocabularySize: config.text.vocabularySize,
    hasVision: vision !== undefined,
    imageAttention: vision === undefined ? undefined : isOurs ? 'bidirectional' : 'causal',
    tokensPerImage: config.vision?.tokensPerImage ?? 0,
    contextLength,
    runtime: backend.info,
  };
  return { package: pack, backend, info, embedding, decoder, vision, chunk };
}

/** Freshly parsed: they are patched. */
async function readGraphs(pack: ModelPackage) {
  return [await pack.decoder.read(), await pack.embedding?.read(), await pack.vision?.read()] as const;
}

async function loadVision(
  backend: Backend,
  pack: ModelPackage,
  graph: GraphSource,
  model: ModelProto,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<VisionEncoder> {
  const parts = splitStages(model, visionStages);
  const stages: VisionStage[] = [];
  try {
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted();
      const isLast = index === parts.length - 1;
      const session = await createSession(backend, source(pack, graph, part.model), {
        outputsOnGpu: isLast ? [] : [part.output],
        onRead,
      });
      stages.push({ session, input: part.input, output: part.output });
    }
  } catch (error) {
    for (const { session } of stages) await session.release().catch(() => undefined);
    throw error;
  }
  const { text, vision } = pack.config;
  return new VisionEncoder(backend, stages, [vision?.tokensPerImage ?? 0, text.hiddenSize]);
}

/**
 * The first runs compile shaders, others for a chunk than for a single token: both kinds run once here and are
 * forgotten, so that the first answer does not wait. On the CPU, where nothing is compiled, the token alone shows that
 * the graphs run.
 */
async function warmUp(backend: Backend, embedding: Embedding, decoder: Decoder): Promise<void> {
  const chunk = backend.gpu ? [Math.min(warmUpTokens, decoder.cache.capacity - 1)] : [];
  for (const length of [...chunk, 1]) {
    const ids = new Array<number>(length).fill(0);
    await timed(`warm-up: ${length}`, async () => {
      const input = await embedding.embed(int64Tensor(backend, ids, [1, length]));
      await decoder.run(
        input,
        ids.map(() => textMask),
        'token',
      );
      if (backend.gpu) await backend.guard(backend.gpu.device.queue.onSubmittedWorkDone());
    });
  }
  decoder.truncate(0);
}

function source(pack: ModelPackage, graph: GraphSource, model: ModelProto): SessionSource {
  const folder = graph.path.slice(0, graph.path.lastIndexOf('/') + 1);
  return { model, path: graph.path, external: (file) => pack.reader.blob(folder + file) };
}

/** Bytes of weights read for one graph, told about as often as one looks. */
function readProgress(model: ModelProto, file: string, onProgress: (progress: Progress) => void) {
  const totalBytes = externalBytes(model);
  let doneBytes = 0;
  let last = 0;
  return (bytes: number) => {
    doneBytes = Math.min(doneBytes + bytes, totalBytes);
    const now = performance.now();
    if (now - last < progressMilliseconds && doneBytes < totalBytes) return;
    last = now;
    onProgress({ type: 'progress', phase: 'weights', file, doneBytes, totalBytes });
  };
}

function externalBytes(model: ModelProto): number {
  return mainGraph(model).initializer.reduce((sum, tensor) => sum + (externalLocation(tensor)?.length ?? 0), 0);
}

/** Initializers of the embedding graph that hold its table. */
function tiedInitializers(embedding: ModelProto): string[] {
  return mainGraph(embedding)
    .initializer.filter(({ externalData }) => externalData.length > 0)
    .map(({ name }) => name);
}

function tensors(
  backend: Backend,
  wanted: readonly SharedInput[],
  uploaded: readonly SharedInput[],
  buffers: ReadonlyMap<string, GPUBuffer>,
): Record<string, Ort.Tensor> {
  const types: Readonly<Record<number, 'float32' | 'float16' | 'uint8'>> = { 1: 'float32', 2: 'uint8', 10: 'float16' };
  // Both lists are in the order of the shared names; the input may be called otherwise in the second graph.
  return Object.fromEntries(
    wanted.map((input, index) => {
      const buffer = buffers.get(uploaded[index]?.input ?? '');
      const type = types[input.dataType];
      if (!buffer || !type) throw new TypeError(`no buffer for ${input.input}`);
      return [input.input, gpuTensor(backend, buffer, type, input.dims)];
    }),
  );
}

const knownInputs = new Set(['inputs_embeds', 'input_ids', 'attention_mask', 'position_ids', 'num_logits_to_keep']);

function checkInputs(path: string, decoder: ModelProto): void {
  const shared = new Set(mainGraph(decoder).initializer.map(({ name }) => name));
  for (const { name, type } of mainGraph(decoder).input) {
    if (knownInputs.has(name) || name.startsWith('past_key_values.') || shared.has(name)) continue;
    // Shared initializers became inputs of fixed shape.
    const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
    if (dims.length > 0 && dims.every(({ value }) => value.case === 'dimValue')) continue;
    throw new FailureError('unsupported-package', { file: path, reason: `input "${name}" is unknown` });
  }
}

function checkDtype(pack: ModelPackage, backend: Backend): void {
  const dtypes = [pack.decoder.dtype, pack.vision?.dtype];
  const needsHalf = dtypes.some((dtype) => dtype === 'fp16' || dtype === 'q4f16');
  if (backend.gpu && needsHalf && !backend.gpu.device.features.has('shader-f16'))
    throw new FailureError('gpu-feature-missing', { feature: 'shader-f16' });
}

function checkSize(backend: Backend, graphs: readonly (ModelProto | undefined)[]): void {
  if (backend.gpu) return;
  const bytes = graphs.reduce((sum, graph) => sum + (graph ? externalBytes(graph) : 0), 0);
  if (bytes > cpuLimitBytes)
    throw new FailureError('too-large-for-cpu', { bytes, limit: cpuLimitBytes, reason: backend.info.cpuReason ?? '' });
}
