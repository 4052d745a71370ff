/** Writes the files of a package into the store, after what an earlier, broken-off job wrote. */
import { writePackage } from '#core/export/write.ts';
import { FailureError } from '#core/failure.ts';
import type { PackageFile } from '#core/protocol/engine.ts';
import { madeBytes, type Making } from '#core/protocol/making.ts';
import type { CheckpointSource, MadeFiles, MakeProgress, MakeRequest, MakerJobs } from '#core/protocol/maker.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import { BlobStore, completeFile } from '../store/blobs.ts';
import { exclusively } from '../store/exclusively.ts';
import { hasRoom } from '../store/opfs.ts';
import { PackageRecords, type PackageFolder } from '../store/records.ts';
import { sha256OfText } from '../store/sha256.ts';
import { CHUNK_BYTES } from '#core/export/manifest.ts';
import { comparePackage } from './compare.ts';
import { MakingFolder } from './making-folder.ts';
import { openPlan, PIECE_BYTES, readAhead, type OpenPlan } from './open-plan.ts';
import { QuantizePool, workersFor } from './quantize-pool.ts';
import { SpareBuffers } from './spare-buffers.ts';

/** A planned package and where it goes; kept until `finish` writes its manifest. */
export interface Made {
  id: string;
  open: OpenPlan;
  request: MakeRequest;
  folder: PackageFolder;
  making: Making;
}

/** Equal requests make the same package: a token is no part of it. */
export async function makingId({ source, options }: MakeRequest): Promise<string> {
  return sha256OfText(`making\n${JSON.stringify([recordedSource(source), recordedOptions(options)])}`);
}

/**
 * @returns what `finish` needs, and what the page is told
 * @throws FailureError checkpoint-changed, making-outdated, storage-full, network …; ExportError, SafetensorsError …
 */
export async function make(
  request: MakeRequest,
  job: Pick<RunningJob<MakerJobs['make']>, 'signal' | 'progress'>,
): Promise<{ made: Made; files: MadeFiles }> {
  const id = await makingId(request);
  return exclusively(
    `making ${id}`,
    job.signal,
    () => undefined,
    () => makeAlone(id, request, job),
  );
}

async function makeAlone(
  id: string,
  request: MakeRequest,
  job: Pick<RunningJob<MakerJobs['make']>, 'signal' | 'progress'>,
): Promise<{ made: Made; files: MadeFiles }> {
  const { signal } = job;
  const [blobs, records] = [await BlobStore.open(), await PackageRecords.open()];
  if (!blobs || !records) throw new FailureError('storage-full', { reason: 'the browser offers no storage' });
  const before = await (await records.find(id))?.making();
  const open = await openPlan(request, signal, before?.revision);
  const { plan } = open;
  const making = begin(request, open, before);
  const totalBytes = plan.externalBytes + plan.otherBytes;
  if (!(await hasRoom(totalBytes - madeBytes(making))))
    throw new FailureError('storage-full', { reason: `${totalBytes - madeBytes(making)} bytes are to be written` });
  const folder = await records.create(id);
  await folder.setRecord({ name: request.options.name, used: new Date().toISOString() });
  await folder.setMaking(making);
  const into = new MakingFolder(id, making, { blobs, folder, signal });
  await into.recover();

  let doneBytes = madeBytes(making);
  let readBytes = 0;
  let phase: MakeProgress['phase'] = 'write';
  const tell = () => job.progress({ type: 'progress', phase, doneBytes, totalBytes, readBytes });
  const workers = workersFor(request.workers, plan);
  const spare = new SpareBuffers(PIECE_BYTES, 2 * workers);
  const onRead = (bytes: number) => {
    readBytes += bytes;
    tell();
  };
  const expect = readAhead(open.folder, signal, onRead, spare);
  const pool = workers > 1 ? new QuantizePool(workers, spare) : undefined;
  try {
    const onWrite = (bytes: number) => {
      signal.throwIfAborted();
      doneBytes += bytes;
      tell();
    };
    await writePackage(plan, into, onWrite, pool, expect);
  } finally {
    pool?.close();
    await into.suspend();
  }
  phase = 'compare';
  tell();
  const { name } = request.options;
  const files = await filesOf(blobs, into.making);
  const comparison = await comparePackage(name, files, plan.checkpoint.tensors, signal);
  return {
    made: { id, open, request, folder, making: into.making },
    files: { id, name, warnings: open.warnings, files, comparison },
  };
}

/** @throws FailureError where what was begun cannot be continued */
function begin(
  { source, options }: MakeRequest,
  { plan, folder, digest }: OpenPlan,
  before: Making | undefined,
): Making {
  const { versions } = folder;
  const revision = 'revision' in folder ? folder.revision : undefined;
  if (before) {
    for (const [file, version] of Object.entries(before.versions))
      if (versions[file] !== version) throw new FailureError('checkpoint-changed', { file });
    if (before.plan !== digest) throw new FailureError('making-outdated');
    return before;
  }
  return {
    source: recordedSource(source),
    options: recordedOptions(options),
    plan: digest,
    totalBytes: plan.externalBytes + plan.otherBytes,
    ...(revision !== undefined && { revision }),
    versions,
    finished: [],
  };
}

function recordedSource(source: CheckpointSource): Making['source'] {
  if (source.type === 'files') return { type: 'files', name: source.name };
  if (source.type === 'url') return { type: 'url', url: source.url };
  const { type, endpoint, repository, revision } = source;
  return { type, endpoint, repository, revision };
}

function recordedOptions({ adapter, korean, ...options }: MakeRequest['options']): Making['options'] {
  return {
    ...options,
    ...(korean && { korean }),
    ...(adapter && {
      adapter: {
        name: adapter.source.type === 'url' ? adapter.source.url : adapter.source.name,
        strength: adapter.strength,
      },
    }),
  };
}

/** @throws FailureError file-missing for a file that is not whole */
async function filesOf(blobs: BlobStore, { finished }: Making): Promise<PackageFile[]> {
  return Promise.all(
    finished.map(async ({ path, blob, entry }) => {
      const content = { size: entry.size, chunkSize: CHUNK_BYTES, hashes: entry.chunks };
      const file = completeFile(await blobs.read(blob), content);
      if (!file) throw new FailureError('file-missing', { file: path });
      return { path, blob: file };
    }),
  );
}
