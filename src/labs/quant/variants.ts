import type { PackageSource } from '#core/protocol/engine.ts';

export interface Variant {
  /** The suffix of its files: q4, fp16 …; '' for files without a suffix. */
  mark: string;
  source: PackageSource;
}

/** Matches `onnx/decoder_model_merged_q4.onnx` and its external data; captures graph and mark. */
const GRAPH = /^onnx\/(decoder_model_merged|embed_tokens|vision_encoder|model)(?:_([a-z0-9]+))?\.onnx/u;

/**
 * The variants of a package of files, each as a separate package: the layout of transformers.js keeps several decoders in one
 * folder. A graph without a file of the variant's mark is included with all its files. A manifest names one variant and is
 * left out if there are several. An address counts as one variant: the engine chooses.
 */
export function variantsOf(source: PackageSource): Variant[] {
  if (source.type === 'url') return [{ mark: '', source }];
  const parts = source.files.map((file) => {
    const [, graph, mark = ''] = GRAPH.exec(file.path) ?? [];
    return { file, graph, mark };
  });
  const isDecoder = (graph: string | undefined) => graph === 'decoder_model_merged' || graph === 'model';
  const marks = [...new Set(parts.filter(({ graph }) => isDecoder(graph)).map(({ mark }) => mark))].sort();
  if (marks.length < 2) return [{ mark: marks[0] ?? '', source }];
  return marks.map((mark) => {
    const has = (graph: string) => parts.some((part) => part.graph === graph && part.mark === mark);
    const files = parts
      .filter((part) => part.file.path !== 'manifest.json')
      .filter((part) => part.graph === undefined || part.mark === mark || !has(part.graph))
      .map(({ file }) => file);
    return { mark, source: { type: 'files', name: source.name, files } };
  });
}
