/** What manifest.json says of a package that was made of a checkpoint. */
import { changesOf } from '../gemma3/changes.ts';
import { sharesEmbedding, TEXT_DTYPES, type PackageGraph } from '../gemma3/package-graphs.ts';
import { countParameters } from '../gemma3/parameters.ts';
import type { PlannedGraph } from '../gemma3/write-graph.ts';
import type { SelfTest } from '../self-test/expected.ts';
import type { PlannedPackage } from './plan.ts';

/** Length of one hashed chunk of a file in bytes. */
export const CHUNK_BYTES = 8 * 2 ** 20;

/** Hex SHA-256 of a file, whole and in chunks. */
export interface FileHashes {
  size: number;
  sha256: string;
  chunks: string[];
}

/** @param Teaches what a model can be made to teach */
export interface PackageFacts<Teaches, Source> {
  name: string;
  /** ISO 8601. */
  created: string;
  generator: string;
  teaches?: Teaches | undefined;
  source: Source;
  selfTest?: SelfTest | undefined;
  files: Record<string, FileHashes>;
}

/** Its fields stand in the order in which they are written. */
export function manifestOf<Teaches, Source>(plan: PlannedPackage, facts: PackageFacts<Teaches, Source>) {
  const { checkpoint, options, graphs } = plan;
  return {
    format: 'medgemma-ko-lab/1' as const,
    name: facts.name,
    created: facts.created,
    generator: facts.generator,
    architecture: checkpoint.config.architecture,
    parameters: countParameters(checkpoint.config),
    ...(facts.teaches === undefined ? {} : { teaches: facts.teaches }),
    source: facts.source,
    variants: TEXT_DTYPES[options.dtype].map((decoder) => ({
      decoder,
      vision: checkpoint.config.vision ? options.visionDtype : undefined,
      blockSize: options.blockSize,
      ...(isQuantized(graphs) ? { method: options.method ?? ('round' as const) } : {}),
      unquantized: unquantized(graphs.map(({ graph }) => graph)),
      tiedEmbedding: sharesEmbedding(graphs.flatMap(({ graph }) => (graph.dtype === decoder ? [graph] : []))),
    })),
    changes: changes(plan),
    ...(facts.selfTest && { selfTest: facts.selfTest }),
    files: facts.files,
    chunkSize: CHUNK_BYTES,
  };
}

/** The text of manifest.json. */
export function manifestText(manifest: object): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function changes({ checkpoint, options, graphs, links, positions }: PlannedPackage): string[] {
  return [
    ...checkpoint.notes,
    ...(checkpoint.changes ?? []),
    ...changesOf(
      checkpoint.config,
      graphs.map(({ graph }) => graph),
      positions,
    ),
    ...(links.size > 0
      ? [
          'Data files with the same SHA-256 are one file under several names, since each graph reads files named after it.',
        ]
      : []),
    ...(options.dtype === 'q4f16'
      ? [
          'The q4f16 decoder reads the weights of the q4 decoder. Attention, its projections and those that enter the MLP run in float16; the norms of the hidden state, the MLP from its activation on and the output head in float32.',
        ]
      : []),
  ];
}

function isQuantized(graphs: readonly PlannedGraph[]): boolean {
  return graphs.some(({ graph }) => graph.weights.some(({ store }) => store === 'blocks'));
}

/** Lists each parameter once: decoder and embedding graph may share one. */
function unquantized(graphs: readonly PackageGraph[]): { parameter: string; reason: string }[] {
  const reasons = new Map(
    graphs.flatMap((graph) => graph.unquantized.map(({ parameter, reason }) => [parameter, reason])),
  );
  return [...reasons].map(([parameter, reason]) => ({ parameter, reason }));
}
