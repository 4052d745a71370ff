/** Converts a checkpoint to a package in memory, each part of the model in its own format. */
import { changesOf } from '#core/gemma3/changes.ts';
import { readCheckpoint } from '#core/gemma3/checkpoint.ts';
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { smallFiles } from '#core/gemma3/package-files.ts';
import { graphsOf, sharesEmbedding, type PackageGraph } from '#core/gemma3/package-graphs.ts';
import { countParameters } from '#core/gemma3/parameters.ts';
import { partOf } from '#core/gemma3/parts.ts';
import { precisionByPart } from '#core/gemma3/precision.ts';
import type { GraphFile } from '#core/gemma3/stored.ts';
import { weightSize } from '#core/gemma3/weight-bytes.ts';
import { linkedFiles } from '#core/gemma3/linked-files.ts';
import { planGraph, writeGraph, writtenBytes } from '#core/gemma3/write-graph.ts';
import { TensorTooLargeError } from '#core/onnx/external.ts';
import { FailureError } from '#core/failure.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { MODEL_PARTS, type ModelPart } from '#core/gemma3/parts.ts';
import type { RequantizedPackage, RequantizeRequest } from '#core/protocol/weights.ts';
import { boundReader } from '../store/bound.ts';
import { openPackage } from '../store/package.ts';
import { checkpointFolder } from './checkpoint-folder.ts';
import { CHUNK_BYTES, MemoryFolder } from './memory-folder.ts';

/** Positions of the RoPE tables: the exporter's default. */
const POSITIONS = 8192;

/**
 * @param onProgress bytes downloaded plus bytes written, and the total of both
 * @throws FailureError, CheckpointError, ConfigError, SafetensorsError
 */
export async function requantize(
  request: RequantizeRequest,
  onProgress: (done: number, total: number) => void,
): Promise<RequantizedPackage> {
  const downloads = new Map<string, { done: number; total: number }>();
  let written = 0;
  let toWrite = 0;
  const tell = () => {
    let [done, total] = [written, toWrite];
    for (const download of downloads.values()) {
      done += download.done;
      total += download.total;
    }
    onProgress(done, total);
  };
  const progress = (file: string, done: number, total: number | undefined) => {
    downloads.set(file, { done, total: total ?? done });
    tell();
  };
  const reader = boundReader(await openPackage(request.checkpoint), { progress });
  const folder = checkpointFolder(reader);

  const config = parseConfig(await folder.json('config.json'));
  const positions = Math.min(POSITIONS, config.text.maxPositions);
  const graphs = labelled(config, request, positions);
  const planned = graphs.map(plan);
  const links = linkedFiles(planned);
  toWrite = writtenBytes(planned, links);
  if (!(await folder.has('model.safetensors')) && !(await folder.has('model.safetensors.index.json')))
    throw new FailureError('file-missing', { file: 'model.safetensors' });
  const checkpoint = await readCheckpoint(folder);
  const small = await smallFiles(checkpoint, folder, {
    dtype: Object.fromEntries(graphs.map(({ name, dtype }) => [name, dtype])),
    externalData: Object.fromEntries(planned.map(({ modelFile, external }) => [modelFile, external.length])),
    positions,
  });
  const [missing] = small.missing;
  // The engine cannot run a package without these files.
  if (missing !== undefined) throw new FailureError('file-missing', { file: missing });

  const made = new MemoryFolder();
  for (const graph of planned) {
    await made.writeFile(`onnx/${graph.modelFile}`, graph.proto);
    await writeGraph(graph, checkpoint.tensors, made, links, (bytes) => {
      written += bytes;
      tell();
    });
  }
  for (const [path, content] of small.files) await made.writeFile(path, content);
  const { bytes, weights } = weightSize(graphs);
  const manifest: Manifest = {
    format: 'medgemma-ko-lab/1',
    name: request.name,
    created: new Date().toISOString(),
    generator: 'medgemma-ko-lab, in the page',
    architecture: config.architecture,
    parameters: countParameters(config),
    source: { checkpoint: folderName(reader.name), files: await folder.hashes(), randomWeights: false, notice: '' },
    variants: [
      {
        decoder: dtypeOf(graphs, (name) => name !== 'vision_encoder'),
        vision: config.vision ? dtypeOf(graphs, (name) => name === 'vision_encoder') : undefined,
        blockSize: request.parts.mlp.blockSize,
        unquantized: [],
        tiedEmbedding: sharesEmbedding(graphs),
      },
    ],
    changes: changesOf(config, graphs, positions),
    files: made.entries,
    chunkSize: CHUNK_BYTES,
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  return {
    name: request.name,
    files: [...made.files, { path: 'manifest.json', blob: new Blob([text]) }],
    weightBytes: bytes,
    bitsPerWeight: (bytes * 8) / weights,
    asFloats: asFloats(graphs),
  };
}

/**
 * The graphs, each with the dtype in its file name: that of most of its weights. The embedding has the decoder's, so that
 * readers find both.
 */
function labelled(config: Gemma3Config, { parts }: RequantizeRequest, positions: number): PackageGraph[] {
  const precision = precisionByPart(parts);
  const graphs = graphsOf(config, { text: precision, vision: precision, positions });
  const decoder = graphs.find(({ name }) => name === 'decoder_model_merged' || name === 'model');
  if (!decoder) throw new TypeError('no decoder among the graphs');
  return graphs.map((graph) => ({
    ...graph,
    dtype: mostCommonDtype(graph.name === 'vision_encoder' ? graph : decoder),
  }));
}

function dtypeOf(graphs: readonly PackageGraph[], which: (name: GraphFile['name']) => boolean): Dtype {
  return graphs.find(({ name }) => which(name))?.dtype ?? 'fp32';
}

/** The format of most weights. */
function mostCommonDtype({ weights }: GraphFile): Dtype {
  const counts = new Map<Dtype, number>();
  for (const weight of weights) {
    const dtype = weight.store === 'blocks' ? (`q${weight.bits}` as const) : 'fp32';
    const count = weight.parameterShape.reduce((product, size) => product * size, 1);
    counts.set(dtype, (counts.get(dtype) ?? 0) + count);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'fp32';
}

function asFloats(graphs: readonly GraphFile[]): ModelPart[] {
  const parts = new Set<ModelPart | undefined>();
  for (const { weights } of graphs)
    for (const weight of weights) if (weight.store === 'float' && weight.rounded) parts.add(partOf(weight.parameter));
  return MODEL_PARTS.filter((part) => parts.has(part));
}

function plan(graph: PackageGraph) {
  try {
    return planGraph(graph);
  } catch (cause) {
    if (!(cause instanceof TensorTooLargeError)) throw cause;
    throw new FailureError('out-of-memory', { bytes: cause.bytes }, { cause });
  }
}

/** Name of the folder, without the address before it. */
function folderName(name: string): string {
  return name.replace(/\/+$/u, '').split('/').at(-1) ?? name;
}
