/** The decoder's graph as it is run here: patched for the device and the context, with or without branches for adapters. */
import { localCacheRows } from '#core/budget/kv-cache.ts';
import type { Projection } from '#core/gemma3/projections.ts';
import { producer } from '#core/gemma3/stored.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { addArgmaxHead } from '#core/onnx/patch/argmax-head.ts';
import { ropePositions, setRopePositions } from '#core/onnx/patch/context-length.ts';
import { fuseHeadNorms } from '#core/onnx/patch/fuse-head-norms.ts';
import { addLocalWindow, type LocalWindow } from '#core/onnx/patch/local-window.ts';
import { addLoraBranches, type LoraBranch } from '#core/onnx/patch/lora-branches.ts';
import { shareInitializers, type SharedInput } from '#core/onnx/patch/share-initializers.ts';
import type { Backend } from './backend.ts';
import { checkInputs } from './checks.ts';
import { canBeStatic } from './kv-cache.ts';
import type { ModelPackage } from './package.ts';

export interface DecoderPatches {
  /** The requested length; the graph may support less. */
  contextLength: number;
  /** Initializers that are inputs here, because the embedding reads them too. */
  shared: readonly string[];
  /** Tokens that one run adds at most. */
  longestChunk: number;
}

export interface DecoderGraph {
  model: ModelProto;
  contextLength: number;
  /** True if our exporter wrote the graph. */
  isOurs: boolean;
  /** In the order of the requested names. */
  shared: SharedInput[];
  branches: LoraBranch[];
  /** Set if the caches of local layers have fewer rows than the context has positions. */
  local: { window: LocalWindow; rows: number } | undefined;
}

/**
 * Patches the graph, in place. @param targets projections that get LoRA branches
 * @throws FailureError `unsupported-package`, OnnxError
 */
export function patchDecoder(
  model: ModelProto,
  pack: ModelPackage,
  backend: Backend,
  patches: DecoderPatches,
  targets: readonly Projection[],
): DecoderGraph {
  const { text } = pack.config;
  const wanted = Math.min(patches.contextLength, text.maxPositions);
  const resized = setRopePositions(model, text, wanted);
  const contextLength = resized ? wanted : Math.min(wanted, ropePositions(model) ?? wanted);
  const local = keepWindow(model, pack, backend, patches.longestChunk, contextLength);
  addArgmaxHead(model);
  // The fused norm binds 9 storage buffers, one more than every device must have.
  if ((backend.gpu?.device.limits.maxStorageBuffersPerShaderStage ?? 0) >= 10) fuseHeadNorms(model);
  const shared = shareInitializers(model, patches.shared);
  checkInputs(pack.decoder.path, model);
  const branches = targets.length > 0 ? addLoraBranches(model, targets) : [];
  return { model, contextLength, isOurs: model.producerName === producer, shared, branches, local };
}

/** Local layers keep all positions where that takes no more rows, and where the graph is not understood. */
function keepWindow(
  model: ModelProto,
  pack: ModelPackage,
  backend: Backend,
  longestChunk: number,
  contextLength: number,
): DecoderGraph['local'] {
  const rows = localCacheRows(pack.config.text.slidingWindow, longestChunk);
  if (rows >= contextLength || (backend.gpu && !canBeStatic(model))) return undefined;
  const window = addLocalWindow(model);
  // The operator's own window counts. It is the configuration's in every graph but a wrong one.
  return window && { window, rows: localCacheRows(window.window, longestChunk) };
}
