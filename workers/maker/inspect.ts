/** What making a package would take, before it is begun. */
import { countParameters } from '#core/gemma3/parameters.ts';
import { madeBytes } from '#core/protocol/making.ts';
import type { MakeFacts, MakeRequest } from '#core/protocol/maker.ts';
import { PackageRecords } from '../store/records.ts';
import { estimate } from './estimate.ts';
import { makingId } from './make.ts';
import { openPlan } from './open-plan.ts';
import { plannedSize } from './planned-size.ts';
import { workersFor } from './quantize-pool.ts';

/** @throws as `openPlan` */
export async function inspect(request: MakeRequest, signal: AbortSignal): Promise<MakeFacts> {
  const records = await PackageRecords.open();
  const before = await (await records?.find(await makingId(request)))?.making();
  const { plan, digest, warnings, hasAdapterBeside } = await openPlan(request, signal, before?.revision);
  const packageBytes = plan.externalBytes + plan.otherBytes;
  const doneBytes = before && before.plan === digest ? madeBytes(before) : 0;
  const left = 1 - doneBytes / packageBytes;
  const entries = [...plan.checkpoint.tensors.values()].map(({ entry }) => entry);
  const workers = workersFor(request.workers, plan);
  const { quota, usage } = await navigator.storage.estimate();
  const { read, compute, all } = await estimate(plan, request.options, workers);
  return {
    readBytes: entries.reduce((sum, { begin, end }) => sum + end - begin, 0),
    packageBytes,
    doneBytes,
    freeBytes: quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage),
    parameters: countParameters(plan.checkpoint.config),
    size: plannedSize(request.options.name, plan),
    seconds: { read: left * read, compute: left * compute, all: left * all },
    workers,
    notes: plan.checkpoint.notes,
    warnings,
    hasAdapterBeside,
  };
}
