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
  /** When the phase began, in milliseconds, and how many bytes were there already (a resumed download). */
  phaseStart: number;
  phaseStartBytes: number;
  /** Bytes of this phase's files that are known so far. */
  doneBytes: number;
  totalBytes: number;
  /** Undefined until it can be estimated. */
  secondsLeft: number | undefined;
  cancelling: boolean;
}

export function startOpening(name: string): Opening {
  return {
    name,
    phase: undefined,
    files: [],
    phaseStart: 0,
    phaseStartBytes: 0,
    doneBytes: 0,
    totalBytes: 0,
    secondsLeft: undefined,
    cancelling: false,
  };
}

/** @param now milliseconds on any steady clock */
export function advance(opening: Opening, event: OpenEvent & { type: 'progress' }, now: number): Opening {
  const { phase, file, doneBytes, totalBytes } = event;
  const at = opening.files.findIndex((known) => known.phase === phase && known.file === file);
  const files = at < 0 ? [...opening.files, { phase, file, doneBytes, totalBytes }] : [...opening.files];
  if (at >= 0) files[at] = { phase, file, doneBytes, totalBytes };
  const ofPhase = files.filter((known) => known.phase === phase);
  const done = ofPhase.reduce((sum, known) => sum + known.doneBytes, 0);
  const total = ofPhase.reduce((sum, known) => sum + known.totalBytes, 0);
  const fresh = phase !== opening.phase;
  const phaseStart = fresh ? now : opening.phaseStart;
  const phaseStartBytes = fresh ? done : opening.phaseStartBytes;
  const elapsed = (now - phaseStart) / 1000;
  const bytesPerSecond = (done - phaseStartBytes) / elapsed;
  const secondsLeft = elapsed > 1 && bytesPerSecond > 0 ? (total - done) / bytesPerSecond : undefined;
  return { ...opening, phase, files, phaseStart, phaseStartBytes, doneBytes: done, totalBytes: total, secondsLeft };
}

/** Name of a package before its manifest has been read. */
export function nameOf(source: PackageSource): string {
  if (source.type === 'files') return source.name;
  const { host, pathname } = new URL(source.url);
  const parts = pathname.split('/').filter(Boolean);
  return host === 'huggingface.co' ? parts.slice(0, 2).join('/') : (parts.at(-1) ?? host);
}
