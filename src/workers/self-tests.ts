/** Results of self-tests that earlier openings made, kept in this browser. */
import { SELF_TEST_PARTS, type OpenOptions, type SelfTestPart } from '#core/protocol/engine.ts';
import { readStored, writeStored } from '../platform/stored.ts';

type Known = 'passed' | SelfTestPart;

const storageKey = 'self-tests';
/** Package, variant, adapter and browser version make a key; the oldest go first. */
const mostKept = 40;

/** What is not a result is left out: the stored text may be edited by hand. */
export function knownSelfTests(): NonNullable<OpenOptions['selfTests']> {
  let kept: unknown;
  try {
    kept = JSON.parse(readStored(storageKey) ?? '{}');
  } catch {
    return {};
  }
  if (typeof kept !== 'object' || kept === null) return {};
  return Object.fromEntries(
    Object.entries(kept).flatMap(([key, value]: [string, unknown]) => {
      const known: Known | undefined = value === 'passed' ? value : SELF_TEST_PARTS.find((part) => part === value);
      return known === undefined ? [] : [[key, known]];
    }),
  );
}

export function keepSelfTest(key: string, result: Known): void {
  const { [key]: _, ...others } = knownSelfTests();
  const latest = [...Object.entries(others), [key, result] as const].slice(-mostKept);
  writeStored(storageKey, JSON.stringify(Object.fromEntries(latest)));
}
