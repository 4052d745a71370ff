/** The last run card that this machine measured, kept in this browser for the kiosk. */
import { parseRunCard, type RunCard } from '#core/run-card/run-card.ts';
import { readStored, removeStored, writeStored } from '../platform/stored.ts';

const key = 'last-run-card';

export function keepLastCard(card: RunCard): void {
  writeStored(key, JSON.stringify(card));
}

/** Undefined if no card is kept. A card that this version of the page cannot read is removed. */
export function lastCard(): RunCard | undefined {
  const kept = readStored(key);
  if (kept === undefined) return undefined;
  try {
    return parseRunCard(JSON.parse(kept), key);
  } catch {
    removeStored(key);
    return undefined;
  }
}
