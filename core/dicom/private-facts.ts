import type { DicomImage } from './image.ts';

/** What a file says of the patient, and of drawings that are not in its pixels. */
export type PrivateFacts = Pick<DicomImage, 'identifying' | 'burnedIn' | 'hasOverlay'>;

/** Of files that are shown as one series: what one of them holds, the series holds. */
export function privateFactsOfBoth(one: PrivateFacts, other: PrivateFacts): PrivateFacts {
  const burnedIn = [one.burnedIn, other.burnedIn];
  return {
    identifying: [...new Set([...one.identifying, ...other.identifying])],
    burnedIn: burnedIn.includes('yes') ? 'yes' : burnedIn.includes('unknown') ? 'unknown' : 'no',
    hasOverlay: one.hasOverlay || other.hasOverlay,
  };
}
