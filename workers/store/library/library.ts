/** The jobs of the store worker. */
import { FailureError } from '#core/failure.ts';
import type { StoreJobs } from '#core/protocol/store.ts';
import type { Handlers } from '../../jobs/serve.ts';
import { removeGarbage } from '../garbage.ts';
import { PackageRecords } from '../records.ts';
import { copyPackage } from './copy.ts';
import { exportPackage } from './export.ts';
import { fetchAll } from './fetch-all.ts';
import { listPackages } from './list.ts';
import { fileOfPart, findWhole, partsOf } from './parts.ts';
import { verifyPackage } from './verify.ts';

export const handlers: Handlers<StoreJobs> = {
  list: { mode: 'latest', run: listPackages },
  fetchAll: { mode: 'exclusive', run: fetchAll },
  verify: { mode: 'exclusive', run: ({ id }, job) => verifyPackage(id, job) },
  copy: { mode: 'exclusive', run: ({ source }, job) => copyPackage(source, job) },
  export: { mode: 'exclusive', run: exportPackage },
  files: { mode: 'concurrent', run: ({ id }) => filesOf(id) },
  remove: { mode: 'exclusive', run: ({ id }) => remove(id) },
};

async function filesOf(id: string): Promise<StoreJobs['files']['result']> {
  const found = await findWhole(id);
  const files: { path: string; blob: Blob }[] = [];
  for (const part of await partsOf(found)) {
    const blob = await fileOfPart(found.blobs, part);
    if (blob) files.push({ path: part.path, blob });
  }
  return { name: found.name, files };
}

async function remove(id: string): Promise<StoreJobs['remove']['result']> {
  const records = await PackageRecords.open();
  if (!records) throw new FailureError('no-storage');
  await records.remove(id);
  await removeGarbage();
  return {};
}
