/** What kind of GPU an adapter is, as far as its names tell, and how much memory may be tried on it. */

/** integrated: shares the memory of a PC or phone · unified: Apple's, with all of the machine's memory */
export type AdapterKind = 'software' | 'integrated' | 'unified' | 'discrete' | 'unknown';

export interface AdapterNames {
  vendor: string;
  architecture: string;
  description: string;
  isFallback: boolean;
}

/** Makers of GPUs that only come with phones and ARM laptops. */
const MOBILE = /^(?:qualcomm|arm|img-tec|imagination|samsung|broadcom)/iu;
/** Intel's cards; its other GPUs are part of a processor. */
const INTEL_CARD = /xe-?2?-?hpg|xe-hpc/iu;
const AMD_INTEGRATED = /radeon(?:\(tm\))?\s+(?:graphics|vega|\d{3}m\b)/iu;
const AMD_CARD = /radeon(?:\(tm\))?\s+(?:rx|pro)\b/iu;

export function adapterKind({ vendor, architecture, description, isFallback }: AdapterNames): AdapterKind {
  if (isFallback) return 'software';
  if (/^apple/iu.test(vendor)) return 'unified';
  if (/^nvidia/iu.test(vendor)) return 'discrete';
  if (/^intel/iu.test(vendor)) return INTEL_CARD.test(architecture) ? 'discrete' : 'integrated';
  if (MOBILE.test(vendor)) return 'integrated';
  if (AMD_CARD.test(description)) return 'discrete';
  if (AMD_INTEGRATED.test(description)) return 'integrated';
  return 'unknown';
}

const GIB = 2 ** 30;
const LIMITS = { card: 24 * GIB, least: 2 * GIB, software: GIB / 4 } as const;

/**
 * Most bytes that a probe may allocate. Memory that is shared with the system is tried to half of it at most, since a laptop that
 * begins to swap hangs for minutes; browsers name at most 8 GiB of it, some none.
 * @param neededBytes of the plan: a quarter more is tried, so that the answer says how much room is left
 * @param deviceMemory of the navigator, in GiB
 */
export function probeLimit(kind: AdapterKind, neededBytes: number, deviceMemory: number | undefined): number {
  if (kind === 'software') return LIMITS.software;
  const wanted = Math.max(LIMITS.least, 1.25 * neededBytes);
  const bound =
    kind === 'discrete' ? LIMITS.card : deviceMemory === undefined ? LIMITS.least : (deviceMemory / 2) * GIB;
  return Math.min(wanted, bound);
}
