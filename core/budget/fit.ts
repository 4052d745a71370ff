/** Whether a plan fits into a memory, and what would make it fit. */
import type { Gemma3Config } from '../gemma3/config.ts';
import { valueOf } from './expression.ts';
import { planInference, totalOf, type InferenceSettings } from './inference-plan.ts';
import { STORAGE_PRESETS } from './storage.ts';

/** tight: fits, but less than a tenth of the room is left. */
export type Fit = 'fits' | 'tight' | 'too-large';

export function fitOf(neededBytes: number, usableBytes: number): Fit {
  if (neededBytes > usableBytes) return 'too-large';
  return neededBytes > 0.9 * usableBytes ? 'tight' : 'fits';
}

/** What a probe of a GPU's memory found (core/protocol/preflight.ts). */
export interface ProbedBytes {
  bytes: number;
  /** Why it ended: `refused` and `slow` where there is no more. */
  end: string;
}

/**
 * Whether a plan fits into a memory that was probed. unknown: the probe ended before it reached as much, and not because there was no
 * more.
 */
export function fitHere(neededBytes: number, { bytes, end }: ProbedBytes): Fit | 'unknown' {
  if (neededBytes > bytes) return end === 'refused' || end === 'slow' ? 'too-large' : 'unknown';
  // A probe that found all that it looked for says nothing about how tight it is.
  return end === 'limit' ? 'fits' : fitOf(neededBytes, bytes);
}

export const REMEDIES = ['q4f16', 'vision-on-demand', 'shorter-context', 'text-only'] as const;
export type Remedy = (typeof REMEDIES)[number];

/** A way to make a plan fit: changes that are made together. */
export interface Way {
  remedies: readonly Remedy[];
  settings: InferenceSettings;
  bytes: number;
}

/** Contexts that are offered, longest first. */
const CONTEXTS = [131_072, 65_536, 32_768, 16_384, 8_192, 4_096, 2_048, 1_024, 512] as const;

/**
 * The ways that fit: each change alone, or where none of them suffices one way of several, without those that it does not need.
 * Empty where nothing helps: only a smaller model or a larger GPU does.
 * @param hasHalf the device computes in float16
 */
export function waysToFit(
  config: Gemma3Config,
  settings: InferenceSettings,
  usableBytes: number,
  hasHalf: boolean,
): readonly Way[] {
  const bytesOf = (changed: InferenceSettings) => valueOf(totalOf(planInference(config, changed)));
  const changed = (remedy: Remedy, of: InferenceSettings): InferenceSettings | undefined => {
    switch (remedy) {
      case 'q4f16':
        return hasHalf ? { ...of, storage: STORAGE_PRESETS.q4f16 } : undefined;
      case 'vision-on-demand':
        return config.vision && of.hasVision && of.keepVisionOnGpu ? { ...of, keepVisionOnGpu: false } : undefined;
      case 'text-only':
        return config.vision && of.hasVision ? { ...of, hasVision: false, images: 0 } : undefined;
      case 'shorter-context': {
        // Room for the images and a question must stay.
        const floor = of.images * (config.vision?.tokensPerImage ?? 0) + 256;
        const shorter = CONTEXTS.filter((length) => length < of.contextLength && length >= floor);
        const contextLength = shorter.find((length) => bytesOf({ ...of, contextLength: length }) <= usableBytes);
        const shortest = contextLength ?? shorter.at(-1);
        return shortest === undefined ? undefined : { ...of, contextLength: shortest };
      }
    }
  };
  const change = (
    remedy: Remedy,
    of: InferenceSettings,
  ): { settings: InferenceSettings; bytes: number } | undefined => {
    const settings = changed(remedy, of);
    const bytes = settings && bytesOf(settings);
    return settings && bytes !== undefined && bytes < bytesOf(of) ? { settings, bytes } : undefined;
  };
  if (bytesOf(settings) <= usableBytes) return [];
  const alone = REMEDIES.flatMap((remedy): Way[] => {
    const made = change(remedy, settings);
    return made && made.bytes <= usableBytes ? [{ remedies: [remedy], ...made }] : [];
  });
  if (alone.length > 0) return alone;
  // The context last, so that it is as long as the other changes allow.
  const order = [...REMEDIES.filter((remedy) => remedy !== 'shorter-context'), 'shorter-context' as const];
  const apply = (remedies: readonly Remedy[]): Way | undefined => {
    let made: Omit<Way, 'remedies'> = { settings, bytes: bytesOf(settings) };
    for (const remedy of order) if (remedies.includes(remedy)) made = change(remedy, made.settings) ?? made;
    return made.bytes <= usableBytes ? { remedies, ...made } : undefined;
  };
  let remedies: Remedy[] = [];
  for (const remedy of REMEDIES) {
    // Without the vision encoder nothing is left to load on demand.
    remedies = [...remedies.filter((each) => remedy !== 'text-only' || each !== 'vision-on-demand'), remedy];
    let way = apply(remedies);
    if (!way) continue;
    // What the last change made superfluous is left out, first what takes away most; float16 takes away nothing.
    for (const each of [...order].reverse()) way = apply(way.remedies.filter((kept) => kept !== each)) ?? way;
    return [way];
  }
  return [];
}
