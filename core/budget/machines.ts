/** Cards and machines to plan for: memory and bandwidth as their makers state them. */

export interface Machine {
  name: string;
  kind: 'card' | 'unified' | 'integrated' | 'phone';
  /** Of the card, or of the whole machine where it is shared. */
  memoryBytes: number;
  /** Bytes a second, of the maker's data sheet. */
  bandwidth: number;
}

const GIB = 2 ** 30;

function machine(name: string, kind: Machine['kind'], gibibytes: number, gigabytesPerSecond: number): Machine {
  return { name, kind, memoryBytes: gibibytes * GIB, bandwidth: gigabytesPerSecond * 1e9 };
}

export const MACHINES: readonly Machine[] = [
  machine('RTX 3060 8 GB', 'card', 8, 240),
  machine('RTX 3060 12 GB', 'card', 12, 360),
  machine('RTX 4060', 'card', 8, 272),
  machine('RTX 4070', 'card', 12, 504),
  machine('RTX 3080', 'card', 10, 760),
  machine('RTX 4080', 'card', 16, 716.8),
  machine('RTX 4090', 'card', 24, 1008),
  machine('RTX A5000', 'card', 24, 768),
  machine('RTX A6000', 'card', 48, 768),
  machine('T4', 'card', 16, 320),
  machine('A10', 'card', 24, 600),
  machine('MacBook Pro M4 Pro', 'unified', 24, 273),
  // Two channels of DDR5-5600; a phone with LPDDR5X-8533 on 64 bits.
  machine('Integrated GPU, 16 GB DDR5', 'integrated', 16, 89.6),
  machine('Phone, 8 GB', 'phone', 8, 68.3),
];

/** What system, screen and browser keep for themselves on a card. */
const CARD_RESERVE = GIB;
/** Of shared memory a GPU gets a part: Metal recommends two thirds to three quarters, others half. An assumption, not measured. */
const SHARES: Record<Exclude<Machine['kind'], 'card'>, number> = { unified: 2 / 3, integrated: 1 / 2, phone: 1 / 3 };

/** Bytes that a page can count on. */
export function usableBytes({ kind, memoryBytes }: Pick<Machine, 'kind' | 'memoryBytes'>): number {
  return kind === 'card' ? memoryBytes - CARD_RESERVE : memoryBytes * SHARES[kind];
}
