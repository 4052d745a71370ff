import type { Segmentation } from '#core/tokenizer/tokenizer.ts';

/** The tokens that one tokenizer makes of one unit. */
export interface UnitTokens {
  ids: Int32Array;
  /** End of each token, as a UTF-16 offset within the unit. */
  ends: Int32Array;
  /** True if the first token began in the previous unit; it is counted there. */
  continues: boolean;
}

/** Splits the segmentation of a whole text by its units; a token that spans two units appears in both. */
export function splitByUnits({ ids, ends }: Segmentation, texts: readonly string[]): UnitTokens[] {
  const unitTokens: UnitTokens[] = [];
  let token = 0;
  let unitStart = 0;
  let reachesIn = false;
  for (const text of texts) {
    const unitEnd = unitStart + text.length;
    const first = reachesIn ? token - 1 : token;
    while (token < ids.length && (ends[token] ?? 0) <= unitEnd) token++;
    const continues = reachesIn;
    const covered = ends[token - 1] ?? 0;
    const beginsHere = token < ids.length && covered < unitEnd;
    if (beginsHere) token++;
    reachesIn = beginsHere || covered > unitEnd;
    unitTokens.push({
      ids: ids.slice(first, token),
      ends: ends.slice(first, token).map((end) => Math.min(end, unitEnd) - unitStart),
      continues,
    });
    unitStart = unitEnd;
  }
  return unitTokens;
}
