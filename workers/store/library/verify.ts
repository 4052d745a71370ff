import type { DamagedFile, StoreJobs } from '#core/protocol/store.ts';
import type { RunningJob } from '../../jobs/running-job.ts';
import { exclusively } from '../exclusively.ts';
import { findWhole, partsOf, totalOf } from './parts.ts';

export async function verifyPackage(
  id: string,
  job: Pick<RunningJob<StoreJobs['verify']>, 'signal' | 'progress'>,
): Promise<StoreJobs['verify']['result']> {
  const { signal } = job;
  const found = await findWhole(id);
  const parts = (await partsOf(found)).filter((part) => part.id !== undefined);
  const totalBytes = totalOf(parts);
  const damaged: DamagedFile[] = [];
  let begin = 0;
  for (const { path, id: blob, content } of parts) {
    const { blobs } = found;
    if (blob !== undefined && (await blobs.read(blob))) {
      let done = begin;
      const bad = await exclusively(
        `blob ${blob}`,
        signal,
        () => undefined,
        async () => {
          const writer = await blobs.write(blob);
          try {
            return await writer.verify(content, signal, (bytes) => {
              done += bytes;
              job.progress({ type: 'progress', doneBytes: done, totalBytes });
            });
          } finally {
            writer.close();
          }
        },
      );
      if (bad.length > 0) damaged.push({ path, pieces: bad.length });
    }
    begin += content.size;
  }
  return { damaged };
}
