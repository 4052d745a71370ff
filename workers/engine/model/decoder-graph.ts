/** The decoder's graphs as they are run here: patched for the device and the context, with or without branches for adapters. */
import { localCacheRows } from '#core/budget/kv-cache.ts';
import type { Projection } from '#core/gemma3/projections.ts';
import { producer } from '#core/gemma3/stored.ts';
import { consumers, mainGraph } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { addArgmaxHead } from '#core/onnx/patch/argmax-head.ts';
import { ropePositions, setRopePositions } from '#core/onnx/patch/context-length.ts';
import { embedIds, placesOf, readFrom, type ExternalPlaces } from '#core/onnx/patch/embed-ids.ts';
import { fuseHeadNorms } from '#core/onnx/patch/fuse-head-norms.ts';
import { addLocalWindow, localInput, type LocalWindow } from '#core/onnx/patch/local-window.ts';
import { addLoraBranches, type LoraBranch } from '#core/onnx/patch/lora-branches.ts';
import { shareableInitializers, shareInitializers, type SharedInput } from '#core/onnx/patch/share-initializers.ts';
import { hasTwoBodies, keepBody, type DecoderBody } from '#core/onnx/patch/split-bodies.ts';
import type { Backend } from './backend.ts';
import { checkInputs } from './checks.ts';
import { canBeStatic } from './kv-cache.ts';
import type { ModelPackage } from './package.ts';

export interface ContextSize {
  /** The requested length in tokens; the graph may support less. */
  contextLength: number;
  /** Tokens that one run adds at most. */
  longestChunk: number;
}

/** One graph of the decoder. */
export interface PatchedGraph {
  model: ModelProto;
  /** Weights that are inputs; empty on the CPU. */
  shared: SharedInput[];
}

export interface DecoderGraph {
  /** Runs every chunk, or where there is `image` all but those with images. */
  text: PatchedGraph;
  /**
   * Runs chunks with images, from embeddings. Undefined where the decoder is one graph: on the CPU, where a second session would
   * hold the weights twice, in text-only packages, and in those of others.
   */
  image: PatchedGraph | undefined;
  /** True if `text` takes token ids and holds the embedding. */
  takesIds: boolean;
  /** Where the embedding's table is, if the decoder holds it too. */
  table: ExternalPlaces;
  contextLength: number;
  /** True if our exporter wrote the graph. */
  isOurs: boolean;
  branches: LoraBranch[];
  /** Set if the caches of local layers have fewer rows than the context has positions. */
  local: { window: LocalWindow; rows: number } | undefined;
}

/**
 * Reads and patches the decoder; no weights are read.
 * @param targets projections that get LoRA branches
 * @throws FailureError `unsupported-package`, OnnxError
 */
export async function readDecoder(
  pack: ModelPackage,
  backend: Backend,
  size: ContextSize,
  targets: readonly Projection[],
): Promise<DecoderGraph> {
  // Before the bodies part, so that both of them or none have caches of local rows.
  const read = async () => {
    const model = await pack.decoder.read();
    checkInputs(pack.decoder.path, model);
    const contextLength = fitContext(model, pack, size.contextLength);
    return { model, contextLength, local: keepWindow(model, pack, backend, { ...size, contextLength }) };
  };
  const { model, contextLength, local } = await read();
  const isSplit = backend.gpu !== undefined && pack.embedding !== undefined && hasTwoBodies(model);
  if (!isSplit) {
    const { branches, shared } = patch(model, backend, targets);
    return {
      text: { model, shared },
      image: undefined,
      takesIds: takesIds(model),
      table: new Map(),
      contextLength,
      isOurs: isOurs(model),
      branches,
      local,
    };
  }
  let table: ExternalPlaces = new Map();
  const body = async (graph: ModelProto, kept: DecoderBody) => {
    keepBody(graph, kept);
    const root = mainGraph(graph);
    root.input = root.input.filter(({ name }) => name !== localInput.start || !consumers(root, name).next().done);
    if (kept === 'text' && pack.embedding) {
      const embedding = await pack.embedding.read();
      if (pack.tiedEmbedding) table = placesOf(graph, externalNames(embedding));
      readFrom(embedding, table);
      embedIds(graph, embedding);
    }
    return { model: graph, ...patch(graph, backend, targets) };
  };
  const text = await body(model, 'text');
  // Branches are those of `text`: both bodies have the same projections.
  const image = pack.vision && (await body((await read()).model, 'image'));
  const { branches } = text;
  return { text, image, takesIds: true, table, contextLength, isOurs: isOurs(model), branches, local };
}

function patch(
  model: ModelProto,
  backend: Backend,
  targets: readonly Projection[],
): { shared: SharedInput[]; branches: LoraBranch[] } {
  addArgmaxHead(model);
  // The fused norm binds 9 storage buffers, one more than every device must have.
  if ((backend.gpu?.device.limits.maxStorageBuffersPerShaderStage ?? 0) >= 10) fuseHeadNorms(model);
  const branches = targets.length > 0 ? addLoraBranches(model, targets) : [];
  // Last: the patches before read sizes and types of initializers.
  const shared = backend.gpu ? shareInitializers(model, shareableInitializers(model)) : [];
  return { shared, branches };
}

/** Cuts the tables of the rotation. @returns the context length that they allow */
function fitContext(model: ModelProto, pack: ModelPackage, requestedLength: number): number {
  const { text } = pack.config;
  const wanted = Math.min(requestedLength, text.maxPositions);
  const resized = setRopePositions(model, text, wanted);
  return resized ? wanted : Math.min(wanted, ropePositions(model) ?? wanted);
}

/** Local layers keep all positions where that takes no more rows, and where the graph is not understood. */
function keepWindow(
  model: ModelProto,
  pack: ModelPackage,
  backend: Backend,
  { contextLength, longestChunk }: ContextSize,
): DecoderGraph['local'] {
  const rows = localCacheRows(pack.config.text.slidingWindow, longestChunk);
  if (rows >= contextLength || (backend.gpu && !canBeStatic(model))) return undefined;
  const window = addLocalWindow(model);
  // The operator's own window counts. It is the configuration's in every graph but a wrong one.
  return window && { window, rows: localCacheRows(window.window, longestChunk) };
}

const isOurs = (model: ModelProto) => model.producerName === producer;

const takesIds = (model: ModelProto) => mainGraph(model).input.some(({ name }) => name === 'input_ids');

/** Initializers of the embedding graph that hold its table. */
function externalNames(embedding: ModelProto): string[] {
  return mainGraph(embedding)
    .initializer.filter(({ externalData }) => externalData.length > 0)
    .map(({ name }) => name);
}
