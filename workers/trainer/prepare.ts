/** Makes a training of a package and rows. */
import { FailureError } from '#core/failure.ts';
import { textIds, type TrainingRow } from '#core/lora/training/batch.ts';
import type { PrepareRequest, TrainerJobs, TrainingImage } from '#core/protocol/trainer.ts';
import { chooseVariant } from '../engine/model/variant.ts';
import { fetchAhead } from '../engine/model/fetch-ahead.ts';
import type { Backend } from '../engine/model/backend.ts';
import { readParts, type PackageParts } from '../engine/opened.ts';
import type { Backends } from '../engine/runtime/backends.ts';
import { imagesOf } from '../engine/training/encode-rows.ts';
import { ImageFeatures } from '../engine/training/image-features.ts';
import { trainingModels } from '../engine/training/open-training.ts';
import { TokenTable } from '../engine/training/token-table.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import { boundReader } from '../store/bound.ts';
import { namingDamage } from '../store/damage.ts';
import { openPackage } from '../store/package.ts';
import { requireSecureContext } from '../store/sha256.ts';
import { imageKey, pixelsOf } from './images.ts';
import { checkMemory } from './memory.ts';
import { layoutOf } from './refused.ts';
import { openSessions } from './sessions.ts';
import { encodeTexts, type EncodedTexts } from './texts.ts';
import { Training } from './training.ts';

type Job = RunningJob<TrainerJobs['prepare']>;

/** @throws FailureError; nothing is left allocated then */
export async function prepare(request: PrepareRequest, job: Job, backends: Backends): Promise<Training> {
  const { source, provider } = request;
  const { signal } = job;
  requireSecureContext();
  backends.look(provider);
  const progress = packageProgress(job);
  const reader = boundReader(await openPackage(source, { signal, progress }), { signal, progress });
  return namingDamage(source, signal, async () => {
    const parts = withVariant(await readParts(reader));
    const hasImages = imagesIn(request).length > 0;
    if (hasImages && !parts.preprocessor) throw new FailureError('no-vision');
    const texts = await encodeTexts(parts, request, job);
    const layout = layoutOf(parts.pack.config.text, request.lora);
    const models = await trainingModels(parts.pack, layout, texts.positions);
    await checkMemory(parts.pack, models, texts, request.settings, hasImages);
    await fetchAhead(parts.pack);
    const backend = await backends.open({ provider });
    // What is computed once is computed on the CPU.
    const cpu = backend.gpu ? await backends.open({ provider: 'wasm' }) : backend;
    signal.throwIfAborted();
    const rows = await rowsOf(parts, cpu, texts, request, job);

    const opened: { release(): Promise<void> }[] = [];
    let done = 0;
    const made = () =>
      job.progress({ type: 'progress', phase: 'graphs', done: Math.min(done++, 3), total: 3 }, 'graphs');
    try {
      made();
      const table = await TokenTable.open(cpu, parts.pack);
      opened.push(table);
      await table.add([...rows.trained, ...rows.heldOut, rows.prompt].flatMap(textIds));
      made();
      await job.pause();
      const { pack } = parts;
      const { trained } = rows;
      const sessions = await openSessions({ backend, cpu, pack, models, layout, table, trained, onOpened: made });
      opened.push(sessions);
      signal.throwIfAborted();
      return new Training({ request, parts, layout, table, sessions, ...rows, positions: texts.positions });
    } catch (error) {
      for (const each of opened.reverse()) await each.release().catch(() => undefined);
      throw error;
    }
  });
}

/** Training computes in float32, as a package does on the CPU. */
function withVariant(parts: PackageParts): PackageParts {
  return { ...parts, pack: chooseVariant(parts.pack, { gpu: undefined }, undefined).pack };
}

function imagesIn({ trained, heldOut, fixed }: PrepareRequest): TrainingImage[] {
  return [...trained, ...heldOut, fixed].flatMap(({ image }) => image ?? []);
}

/** Bytes of all files that were begun. */
function packageProgress(job: Job): (file: string, doneBytes: number, totalBytes: number | undefined) => void {
  const files = new Map<string, { done: number; total: number }>();
  return (file, doneBytes, totalBytes = 0) => {
    files.set(file, { done: doneBytes, total: Math.max(doneBytes, totalBytes) });
    let [done, total] = [0, 0];
    for (const each of files.values()) {
      done += each.done;
      total += each.total;
    }
    job.progress({ type: 'progress', phase: 'package', done, total }, 'package');
  };
}

interface Rows {
  trained: readonly TrainingRow[];
  heldOut: readonly TrainingRow[];
  prompt: Omit<TrainingRow, 'answers'>;
}

/** Computes the features of the images; the encoder's session is gone afterwards. */
async function rowsOf(
  parts: PackageParts,
  backend: Backend,
  texts: EncodedTexts,
  request: PrepareRequest,
  job: Job,
): Promise<Rows> {
  const encoder = imagesIn(request).length > 0 ? await ImageFeatures.open(backend, parts) : undefined;
  const featuresOf = async (image: TrainingImage | undefined): Promise<Float32Array | undefined> =>
    image && encoder?.of(await imageKey(image), (as) => pixelsOf(image, as));
  const total = texts.trained.length + texts.heldOut.length;
  let done = 0;
  const tell = () => job.progress({ type: 'progress', phase: 'rows', done, total }, 'rows');
  const complete = async (set: 'trained' | 'heldOut'): Promise<TrainingRow[]> => {
    const rows: TrainingRow[] = [];
    for (const [at, text] of texts[set].entries()) {
      await job.pause();
      rows.push({ ...text, images: imagesOf(text, await featuresOf(request[set][at]?.image)) });
      done++;
      tell();
    }
    return rows;
  };
  try {
    tell();
    const prompt = { ...texts.fixed, images: imagesOf(texts.fixed, await featuresOf(request.fixed.image)) };
    return { trained: await complete('trained'), heldOut: await complete('heldOut'), prompt };
  } finally {
    await encoder?.release();
  }
}
