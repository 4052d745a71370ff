/** How large a planned package is, as the planner reads it from a finished one. */
import { bytesOf, type PlannedPackage } from '#core/export/plan.ts';
import { TEXT_DTYPES } from '#core/gemma3/package-graphs.ts';
import type { PackageSize } from '#core/protocol/preflight.ts';
import { sizeOfVariant, type Sizes } from '../preflight/package-size.ts';

export function plannedSize(name: string, { checkpoint, options, graphs, links, small }: PlannedPackage): PackageSize {
  const find = (dtype: string, ...names: readonly string[]) => {
    const found = graphs.find(({ graph }) => graph.dtype === dtype && names.includes(graph.name));
    return found && { path: `onnx/${found.modelFile}`, dtype };
  };
  const files = sizesOf({ graphs, links, small });
  const variants = TEXT_DTYPES[options.dtype].flatMap((dtype) => {
    const decoder = find(dtype, 'decoder_model_merged', 'model');
    if (!decoder) return [];
    const [embedding, vision] = [find(dtype, 'embed_tokens'), find(options.visionDtype, 'vision_encoder')];
    return [sizeOfVariant({ decoder, embedding, vision }, files)];
  });
  return { name, config: checkpoint.config, variants };
}

/** A path stands for the hash of what is not written yet: a file with two names has that of the first. */
function sizesOf({ graphs, links, small }: Pick<PlannedPackage, 'graphs' | 'links' | 'small'>): Sizes {
  const sizes: Record<string, { size: number; sha256: string }> = {};
  for (const { modelFile, proto, external } of graphs) {
    sizes[`onnx/${modelFile}`] = { size: proto.byteLength, sha256: modelFile };
    for (const { name, size } of external) sizes[`onnx/${name}`] = { size, sha256: links.get(name) ?? name };
  }
  for (const [path, content] of small.files) sizes[path] = { size: bytesOf(content).byteLength, sha256: path };
  return sizes;
}
