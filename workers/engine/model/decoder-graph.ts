/** The decoder's graphs as they are run here: patched for the device and the context, with or without branches for adapters. */
import type { Projection } from '#core/gemma3/projections.ts';
import { producer } from '#core/gemma3/stored.ts';
import { mainGraph } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { addArgmaxHead } from '#core/onnx/patch/argmax-head.ts';
import { ropePositions, setRopePositions } from '#core/onnx/patch/context-length.ts';
import { embedIds, placesOf, readFrom, type ExternalPlaces } from '#core/onnx/patch/embed-ids.ts';
import { fuseHeadNorms } from '#core/onnx/patch/fuse-head-norms.ts';
import { addLoraBranches, type LoraBranch } from '#core/onnx/patch/lora-branches.ts';
import { shareableInitializers, shareInitializers, type SharedInput } from '#core/onnx/patch/share-initializers.ts';
import { hasTwoBodies, keepBody, type DecoderBody } from '#core/onnx/patch/split-bodies.ts';
import type { Backend } from './backend.ts';
import { checkInputs } from './checks.ts';
import type { ModelPackage } from './package.ts';

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
}

/**
 * Reads and patches the decoder; no weights are read.
 * @param requestedLength of the context in tokens; the graph may support less
 * @param targets projections that get LoRA branches
 * @throws FailureError `unsupported-package`, OnnxError
 */
export async function readDecoder(
  pack: ModelPackage,
  backend: Backend,
  requestedLength: number,
  targets: readonly Projection[],
): Promise<DecoderGraph> {
  const model = await pack.decoder.read();
  const isSplit = backend.gpu !== undefined && pack.embedding !== undefined && hasTwoBodies(model);
  if (!isSplit) {
    const { branches, contextLength, shared } = patch(model, pack, backend, requestedLength, targets);
    return {
      text: { model, shared },
      image: undefined,
      takesIds: takesIds(model),
      table: new Map(),
      contextLength,
      isOurs: isOurs(model),
      branches,
    };
  }
  let table: ExternalPlaces = new Map();
  const body = async (graph: ModelProto, kept: DecoderBody) => {
    keepBody(graph, kept);
    if (kept === 'text' && pack.embedding) {
      const embedding = await pack.embedding.read();
      if (pack.tiedEmbedding) table = placesOf(graph, externalNames(embedding));
      readFrom(embedding, table);
      embedIds(graph, embedding);
    }
    return { model: graph, ...patch(graph, pack, backend, requestedLength, targets) };
  };
  const text = await body(model, 'text');
  // Branches and the context are those of `text`: both bodies have the same projections and read the same tables.
  const image = pack.vision && (await body(await pack.decoder.read(), 'image'));
  const { branches, contextLength } = text;
  return { text, image, takesIds: true, table, contextLength, isOurs: isOurs(model), branches };
}

function patch(
  model: ModelProto,
  pack: ModelPackage,
  backend: Backend,
  requestedLength: number,
  targets: readonly Projection[],
): { contextLength: number; shared: SharedInput[]; branches: LoraBranch[] } {
  const { text } = pack.config;
  const wanted = Math.min(requestedLength, text.maxPositions);
  const resized = setRopePositions(model, text, wanted);
  const contextLength = resized ? wanted : Math.min(wanted, ropePositions(model) ?? wanted);
  addArgmaxHead(model);
  // The fused norm binds 9 storage buffers, one more than every device must have.
  if ((backend.gpu?.device.limits.maxStorageBuffersPerShaderStage ?? 0) >= 10) fuseHeadNorms(model);
  checkInputs(pack.decoder.path, model);
  const branches = targets.length > 0 ? addLoraBranches(model, targets) : [];
  // Last: the patches before read sizes and types of initializers.
  const shared = backend.gpu ? shareInitializers(model, shareableInitializers(model)) : [];
  return { contextLength, shared, branches };
}

const isOurs = (model: ModelProto) => model.producerName === producer;

const takesIds = (model: ModelProto) => mainGraph(model).input.some(({ name }) => name === 'input_ids');

/** Initializers of the embedding graph that hold its table. */
function externalNames(embedding: ModelProto): string[] {
  return mainGraph(embedding)
    .initializer.filter(({ externalData }) => externalData.length > 0)
    .map(({ name }) => name);
}
