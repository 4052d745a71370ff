/** Figures of an answer, as far as prompt lookup changes them. */
interface Counted {
  newTokens: number;
  promptLookup?: { runs: number; drafted: number } | undefined;
}

/** Tokens that a run of the decoder gave behind the prefill, 1 without prompt lookup; undefined where nothing was drafted. */
export function lookedUpTokensPerRun({ newTokens, promptLookup }: Counted): number | undefined {
  if (!promptLookup || promptLookup.drafted === 0 || promptLookup.runs === 0) return undefined;
  return (newTokens - 1) / promptLookup.runs;
}
