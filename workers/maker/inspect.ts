/** What making a package would take, before it is begun. */
import { quantizedWeights } from '#core/export/plan.ts';
import { countParameters } from '#core/gemma3/parameters.ts';
import { madeBytes } from '#core/protocol/making.ts';
import type { MakeFacts, MakeRequest } from '#core/protocol/maker.ts';
import { quantizeRows } from '#core/quant/blocks.ts';
import { PackageRecords } from '../store/records.ts';
import { makingId } from './make.ts';
import { BLOCK_SIZE, openPlan, type OpenPlan } from './open-plan.ts';
import { usualWorkers } from './quantize-pool.ts';

/** A piece of weights that is read to see how fast they come. */
const SAMPLE_BYTES = 4 * 2 ** 20;
/** Weights that are quantized to see how fast that is: twice, since the first run compiles. */
const SAMPLE_WEIGHTS = 2 ** 18;

/** @throws as `openPlan` */
export async function inspect(request: MakeRequest, signal: AbortSignal): Promise<MakeFacts> {
  const records = await PackageRecords.open();
  const before = await (await records?.find(await makingId(request)))?.making();
  const open = await openPlan(request, signal, before?.revision);
  const { plan } = open;
  const packageBytes = plan.externalBytes + plan.otherBytes;
  const doneBytes = before && before.plan === open.digest ? madeBytes(before) : 0;
  const left = 1 - doneBytes / packageBytes;
  const readBytes = bytesOfWeights(open);
  const workers = usualWorkers();
  const { quota, usage } = await navigator.storage.estimate();
  const perWeight = secondsPerWeight(request);
  return {
    readBytes,
    packageBytes,
    doneBytes,
    freeBytes: quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage),
    parameters: countParameters(plan.checkpoint.config),
    seconds: {
      read: left * readBytes * (await secondsPerByte(open)),
      quantize: (left * quantizedWeights(plan) * perWeight) / workers,
    },
    workers,
    notes: plan.checkpoint.notes,
    warnings: open.warnings,
    hasAdapterBeside: open.hasAdapterBeside,
  };
}

function bytesOfWeights({ plan }: OpenPlan): number {
  const entries = [...plan.checkpoint.tensors.values()].map(({ entry }) => entry);
  return entries.reduce((sum, { begin, end }) => sum + end - begin, 0);
}

async function secondsPerByte({ plan }: OpenPlan): Promise<number> {
  const largest = [...plan.checkpoint.tensors.values()].reduce((a, b) =>
    b.entry.end - b.entry.begin > a.entry.end - a.entry.begin ? b : a,
  );
  const { source, entry } = largest;
  const bytes = Math.min(SAMPLE_BYTES, entry.end - entry.begin);
  const begin = performance.now();
  await source.read(entry.begin, bytes);
  return (performance.now() - begin) / 1000 / bytes;
}

function secondsPerWeight({ options }: MakeRequest): number {
  const bits = options.dtype === 'q8' ? 8 : options.dtype === 'q2' ? 2 : 4;
  const values = Float32Array.from({ length: SAMPLE_WEIGHTS }, (_, at) => Math.sin(at));
  let seconds = 0;
  for (let run = 0; run < 2; run++) {
    const begin = performance.now();
    quantizeRows(values, 2 ** 9, { bits, blockSize: BLOCK_SIZE, scaleType: 'fp16' }, options.method);
    seconds = (performance.now() - begin) / 1000;
  }
  return seconds / SAMPLE_WEIGHTS;
}
