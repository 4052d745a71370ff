/** How much a comparison measures. */
import type { RunLength } from '#core/run-card/run-card.ts';

export interface Plan {
  length: RunLength;
  /** Each engine is opened once a round. */
  rounds: number;
  newTokens: number;
  /** Tokens of prompt and answer together. */
  contexts: readonly number[];
}

export const PRESETS = {
  quick: { length: 'quick', rounds: 3, newTokens: 32, contexts: [128, 1024] },
  full: { length: 'full', rounds: 5, newTokens: 64, contexts: [128, 1024, 4096] },
} as const satisfies Record<'quick' | 'full', Plan>;

/** Names in an address: `#/bench?rounds=1&tokens=4&contexts=64`. */
const LIMITS = { rounds: [1, 20], tokens: [2, 512], contexts: [32, 32_768] } as const;
const MOST_CONTEXTS = 4;

/** The plan that an address asks for, on top of `quick`; undefined if it asks for none. `broken` names what cannot be read. */
export function planOf(query: URLSearchParams): { plan: Plan | undefined; broken: string[] } {
  const broken: string[] = [];
  const read = (name: keyof typeof LIMITS): number[] | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    const [least, most] = LIMITS[name];
    const values = text.split(',').map((part) => (/^\d{1,6}$/u.test(part) ? Number(part) : NaN));
    if (values.every((value) => value >= least && value <= most) && values.length <= MOST_CONTEXTS) return values;
    broken.push(name);
    return undefined;
  };
  const [rounds, tokens, contexts] = [read('rounds'), read('tokens'), read('contexts')];
  if (!rounds && !tokens && !contexts) return { plan: undefined, broken };
  const newTokens = tokens?.[0] ?? PRESETS.quick.newTokens;
  // The prompt needs room beside the answer.
  const room = (contexts ?? PRESETS.quick.contexts).filter((context) => context >= newTokens + 24);
  if (room.length === 0) return { plan: undefined, broken: [...broken, 'contexts'] };
  const plan = { length: 'custom' as const, rounds: rounds?.[0] ?? PRESETS.quick.rounds, newTokens, contexts: room };
  return { plan, broken };
}

/** Leaves out contexts that the model has no positions for. */
export function fitting(plan: Plan, maxPositions: number): Plan {
  const contexts = plan.contexts.filter((context) => context <= maxPositions);
  return { ...plan, contexts: contexts.length > 0 ? contexts : [maxPositions] };
}
