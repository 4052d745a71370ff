import type { OpenEvent, OpenPhase, PackageSource } from '#core/protocol/engine.ts';

export interface FileProgress {
  phase: OpenPhase;
  file: string;
  doneBytes: number;
  totalBytes: number;
}

/** Progress of opening a package; a new object for every event. */
export interface Opening {
  name: string;
  phase: OpenPhase | undefined;
  files: readonly FileProgress[];
  /** When the phase began, in milliseconds. */
  phaseStart: number;
  /** Bytes of this phase's files that are known so far. */
  doneBytes: number;
  totalBytes: number;
  /** Bytes that came in this phase, without those of an earlier visit, at some moments of the last seconds. */
  arrivals: readonly { at: number; bytes: number }[];
  /** Over the last seconds; undefined until it can be estimated. */
  bytesPerSecond: number | undefined;
  /** Undefined until it can be estimated. */
  secondsLeft: number | undefined;
  cancelling: boolean;
}

/** The rate follows a connection that changes, and does not jump with every piece. */
const RATE_MILLISECONDS = 10_000;
const SAMPLE_MILLISECONDS = 500;

export function startOpening(name: string): Opening {
  return {
    name,
    phase: undefined,
    files: [],
    phaseStart: 0,
    doneBytes: 0,
    totalBytes: 0,
    arrivals: [],
    bytesPerSecond: undefined,
    secondsLeft: undefined,
    cancelling: false,
  };
}

/** @param now milliseconds on any steady clock */
export function advance(opening: Opening, event: OpenEvent & { type: 'progress' }, now: number): Opening {
  const { phase, file, doneBytes, totalBytes } = event;
  const at = opening.files.findIndex((known) => known.phase === phase && known.file === file);
  const before = opening.files[at];
  const files = before ? [...opening.files] : [...opening.files, { phase, file, doneBytes, totalBytes }];
  if (before) files[at] = { phase, file, doneBytes, totalBytes };
  const ofPhase = files.filter((known) => known.phase === phase);
  const done = ofPhase.reduce((sum, known) => sum + known.doneBytes, 0);
  const total = ofPhase.reduce((sum, known) => sum + known.totalBytes, 0);
  const fresh = phase !== opening.phase;
  // The first report of a file names what was there before.
  const arrived = before ? Math.max(0, doneBytes - before.doneBytes) : 0;
  const { arrivals, bytesPerSecond } = rateOf(fresh ? [] : opening.arrivals, arrived, now);
  const secondsLeft = bytesPerSecond === undefined ? undefined : (total - done) / bytesPerSecond;
  const phaseStart = fresh ? now : opening.phaseStart;
  return {
    ...opening,
    phase,
    files,
    phaseStart,
    doneBytes: done,
    totalBytes: total,
    arrivals,
    bytesPerSecond,
    secondsLeft,
  };
}

function rateOf(
  known: Opening['arrivals'],
  arrived: number,
  now: number,
): Pick<Opening, 'arrivals' | 'bytesPerSecond'> {
  const last = known.at(-1);
  const newest = { at: now, bytes: (last?.bytes ?? 0) + arrived };
  // The last sample moves until it is old enough to stay.
  const isNear = known.length > 1 && last !== undefined && last.at - (known.at(-2)?.at ?? 0) < SAMPLE_MILLISECONDS;
  const samples = [...(isNear ? known.slice(0, -1) : known), newest];
  // One sample before the window stays, so that the window is filled.
  const from = Math.max(0, samples.findIndex(({ at }) => now - at <= RATE_MILLISECONDS) - 1);
  const arrivals = samples.slice(from);
  const [first] = arrivals;
  const seconds = first ? (now - first.at) / 1000 : 0;
  const bytes = first ? newest.bytes - first.bytes : 0;
  return { arrivals, bytesPerSecond: seconds > 1 && bytes > 0 ? bytes / seconds : undefined };
}

/** Name of a package before its manifest has been read. */
export function nameOf(source: PackageSource): string {
  if (source.type === 'files') return source.name;
  const { host, pathname } = new URL(source.url);
  const parts = pathname.split('/').filter(Boolean);
  return host === 'huggingface.co' ? parts.slice(0, 2).join('/') : (parts.at(-1) ?? host);
}
