/** Opens a checkpoint wherever it lies, adds what is to be added, and plans the package: refuses what cannot be made before the first large byte. */
import { changeCheckpoint } from '#core/export/change-checkpoint.ts';
import { openCheckpoint } from '#core/export/checkpoint.ts';
import { ExportError } from '#core/export/error.ts';
import { planPackage, type PlannedPackage } from '#core/export/plan.ts';
import { fetchFile } from '#core/fetch/fetch-file.ts';
import { VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { parseJsonFile, type CheckpointTensor } from '#core/gemma3/checkpoint.ts';
import { pieceRanges } from '#core/gemma3/matrix-rows.ts';
import { ReadAhead } from '#core/fetch/read-ahead.ts';
import type { MakeRequest } from '#core/protocol/maker.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { sha256OfText, sha256 } from '../store/sha256.ts';
import { network } from '../store/network.ts';
import { FilesFolder } from './files-folder.ts';
import { RemoteFolder, RemoteSource } from './remote-folder.ts';
import type { SpareBuffers } from './spare-buffers.ts';

export interface OpenPlan {
  plan: PlannedPackage;
  folder: RemoteFolder | FilesFolder;
  warnings: string[];
  hasAdapterBeside: boolean;
  /** Hex SHA-256 of what will be written, as far as it is known without the weights. */
  digest: string;
}

/** Bytes of the checkpoint at a time: of a request, and what a worker quantizes. */
export const PIECE_BYTES = 8 * 2 ** 20;
/** Weights that share a scale. */
export const BLOCK_SIZE = 32;
const MAX_PACK_BYTES = 50_000_000;

/** @param revision commit that an earlier job began with @throws FailureError, ExportError, CheckpointError, ConfigError … */
export async function openPlan(request: MakeRequest, signal: AbortSignal, revision?: string): Promise<OpenPlan> {
  const { source, options } = request;
  const folder =
    source.type === 'files'
      ? await FilesFolder.open(source)
      : await RemoteFolder.open(source, network, signal, revision);
  const hasAdapterBeside = await folder.has('adapter_config.json');
  // The form asks; an adapter beside the model is added only where it was picked.
  const opened = await openCheckpoint(folder, 'said');
  const { checkpoint, warnings } = await changeCheckpoint(opened, {
    korean: options.korean && { ...options.korean, ...(await packAt(options.korean.url, signal)) },
    adapter: options.adapter && {
      files: await FilesFolder.open(options.adapter.source),
      strength: options.adapter.strength,
    },
  });
  const plan = await planPackage(checkpoint, {
    dtype: options.dtype,
    visionDtype: VISION_DTYPE[options.dtype],
    blockSize: BLOCK_SIZE,
    method: options.method,
    context: options.context,
  });
  if (plan.small.missing.length > 0)
    throw new ExportError(
      `${folder.folder} has no ${plan.small.missing.join(' and no ')}; the page makes packages that answer: put the tokenizer's files there`,
    );
  if (folder instanceof RemoteFolder) folder.forget();
  return { plan, folder, warnings: [...warnings, ...plan.warnings], hasAdapterBeside, digest: await digestOf(plan) };
}

async function packAt(url: string, signal: AbortSignal) {
  const from = url.slice(url.lastIndexOf('/') + 1);
  const blob = await fetchFile(network, { url, file: from, limit: MAX_PACK_BYTES, signal });
  return { pack: readPack(parseJsonFile(from, new Uint8Array(await blob.arrayBuffer()))), from };
}

async function digestOf({ graphs, small, checkpoint }: PlannedPackage): Promise<string> {
  const hashes = await Promise.all(graphs.map(({ proto }) => sha256(new Uint8Array(proto))));
  for (const [path, content] of small.files) {
    hashes.push(
      path,
      typeof content === 'string' ? await sha256OfText(content) : await sha256(new Uint8Array(content)),
    );
  }
  return sha256OfText([...hashes, ...(checkpoint.changes ?? [])].join('\n'));
}

/** Lets a server's files be read ahead, in the order that `expect` is told. @param spare of PIECE_BYTES */
export function readAhead(
  folder: OpenPlan['folder'],
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
  spare: SpareBuffers,
): (tensors: readonly CheckpointTensor[]) => void {
  if (!(folder instanceof RemoteFolder)) return () => undefined;
  const ahead = new ReadAhead(folder.network, signal, {
    onBytes,
    // Small pieces are read into others.
    bufferFor: (bytes) => (2 * bytes > spare.bytes && bytes <= spare.bytes ? spare.take() : undefined),
  });
  folder.ahead = ahead;
  return (tensors) =>
    ahead.expect(
      tensors.flatMap((tensor) => {
        const { source } = tensor;
        if (!(source instanceof RemoteSource)) return [];
        return pieceRanges(tensor, PIECE_BYTES).map((range) => ({ remote: source.remote, ...range }));
      }),
    );
}
