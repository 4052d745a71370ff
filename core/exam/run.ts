/** A run of an exam: what was asked, under which setting, and what was answered. The page keeps it on the device; `npm run exam` makes one. */
import type { AnsweredQuestion, ExamHow } from './answer.ts';
import type { ExamQuestion } from './question.ts';

/** The model with what is applied to it. */
export interface ExamSetting {
  name: string;
  /** Of manifest.json, which holds the hash of every file; undefined for packages without one. */
  manifestSha256: string | undefined;
  decoder: string;
  vocabularySize: number;
  parameters: number | undefined;
  randomWeights: boolean;
  provider: 'webgpu' | 'wasm' | 'cpu';
  /** GPU, or empty. */
  device: string;
  contextLength: number;
  /** With the rank that each is cut to. */
  adapters: readonly { name: string; rank: number; strength: number }[];
}

export interface ExamData {
  /** For people: names of the files, or the repository. */
  name: string;
  /** The ten questions of our own, which are of no exam. */
  isOwn: boolean;
  /** Questions by exam before the sample was taken. */
  counts: Readonly<Record<string, number>>;
}

export interface ExamRun {
  how: ExamHow;
  setting: ExamSetting;
  data: ExamData;
  /** Of the sample. */
  seed: number;
  /** The questions that examples are taken from. */
  examples: readonly ExamQuestion[];
  /** In the order in which they were asked. */
  answered: readonly AnsweredQuestion[];
  /** ISO 8601. */
  created: string;
}

/**
 * True where a run can go on: what is open now gives the same answers as before once the run's own strengths are set. The length of the
 * context may differ.
 */
export function canGoOn(run: ExamSetting, now: ExamSetting): boolean {
  const key = ({ name, decoder, vocabularySize, provider, device, adapters }: ExamSetting) => {
    const applied = adapters.map((adapter) => [adapter.name, adapter.rank]);
    return JSON.stringify([name, decoder, vocabularySize, provider, device, applied]);
  };
  // Without a connection the hash of a package that is kept here is not known.
  const hashes = [run.manifestSha256, now.manifestSha256].filter((hash) => hash !== undefined);
  return key(run) === key(now) && new Set(hashes).size < 2;
}
