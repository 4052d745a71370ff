import { FailureError } from '#core/failure.ts';
import type { StoreNotice } from '#core/protocol/engine.ts';
import { MANIFEST } from '#core/protocol/manifest.ts';
import type { StoreJobs } from '#core/protocol/store.ts';
import type { RunningJob } from '../../jobs/running-job.ts';
import { openUrl } from '../url.ts';
import { packageId } from '../records.ts';
import { findPackage, partsOf, totalOf } from './parts.ts';

/** @throws FailureError as `openUrl`; unsupported-package where no manifest names the files; storage-full, storage-locked, no-storage */
export async function fetchAll(
  { url, token }: StoreJobs['fetchAll']['request'],
  job: Pick<RunningJob<StoreJobs['fetchAll']>, 'signal' | 'progress'>,
): Promise<StoreJobs['fetchAll']['result']> {
  const { signal } = job;
  const reader = await openUrl(
    url,
    {
      signal,
      notice: (notice) => {
        // Without storage, memory is of no use here: it is gone when the job ends.
        if (notice.type === 'kept-in-memory') throw notKept(notice.reason);
      },
    },
    token,
  );
  if (!reader.list()) throw new FailureError('unsupported-package', { file: MANIFEST, reason: 'there is none' });
  const parts = (await partsOf(await findPackage(await packageId(url)))).filter(({ id }) => id !== undefined);
  const totalBytes = totalOf(parts);
  const done = new Map<string, number>();
  for (const { path, content } of parts) {
    await reader.blob(path, {
      signal,
      progress: (file, bytes) => {
        done.set(file, bytes);
        job.progress({ type: 'progress', doneBytes: sumOf(done), totalBytes });
      },
    });
    done.set(path, content.size);
  }
  return {};
}

function notKept(reason: Extract<StoreNotice, { type: 'kept-in-memory' }>['reason']): FailureError {
  if (reason === 'no-storage') return new FailureError('no-storage');
  return new FailureError(reason === 'locked' ? 'storage-locked' : 'storage-full', { reason });
}

const sumOf = (done: ReadonlyMap<string, number>): number => [...done.values()].reduce((sum, bytes) => sum + bytes, 0);
