import type { EditReply, EditRequest, TokenizerKey, TokensByUnit } from '#core/protocol/tokenizer.ts';
import { applyEdit } from '#core/tokenizer/text/text-edit.ts';
import { sliceEnds } from '#core/tokenizer/text/slices.ts';
import { endsInside, unitEnds } from '#core/tokenizer/text/units.ts';
import { marksOf } from './facts.ts';
import { splitByUnits, type UnitTokens } from './unit-tokens.ts';
import type { RegisteredTokenizer } from './registered-tokenizer.ts';
import type { TokenizerRegistry } from './registry.ts';

/** A sentence, or a slice of one that is long. */
interface Unit {
  text: string;
  /** True if it continues the sentence of the unit before it. */
  inside: boolean;
  /** In the order of `keys`. */
  lanes: readonly UnitTokens[];
}

/** A part of the text in which no token reaches beyond its ends, if the tokenizer cuts safely. */
interface Part {
  text: string;
  /** Its slices. */
  texts: readonly string[];
  /** In the order of `keys`; one entry per slice. */
  lanes: readonly (readonly UnitTokens[])[];
}

/** The text that is being typed, split into parts. Every tokenizer encodes each part; a keystroke re-encodes only its own. */
export class LiveText {
  #text = '';
  #version = 0;
  #keys: readonly TokenizerKey[] = [];
  #parts: readonly Part[] = [];
  #units: readonly Unit[] = [];

  constructor(private readonly registry: Pick<TokenizerRegistry, 'get'>) {}

  edit({ version, scope, edit, keys }: EditRequest): EditReply {
    const follows = version === this.#version + 1 && sameKeys(keys, this.#keys);
    if (scope === 'edit' && !follows) return { type: 'resend' };
    const text = scope === 'all' ? edit.insert : applyEdit(this.#text, edit);
    const known = scope === 'all' ? [] : this.#parts;
    const present = keys.flatMap((key) => {
      const registered = this.registry.get(key);
      return registered ? [{ key, registered, milliseconds: 0 }] : [];
    });

    const cuts = cutAt(text, unitEnds(text)).map((part) => ({ text: part, texts: cutAt(part, sliceEnds(part)) }));
    const start = countSame(known.length, cuts.length, (at) => known[at]?.text === cuts[at]?.text);
    const end = countSame(known.length - start, cuts.length - start, (at) => {
      return known.at(-1 - at)?.text === cuts.at(-1 - at)?.text;
    });
    const lanes = present.map((each, index) => {
      const begin = performance.now();
      const made = this.#lanesOf(each.registered, text, cuts, (at) => {
        const fromEnd = cuts.length - at;
        const same = at < start ? known[at] : fromEnd <= end ? known.at(-fromEnd) : undefined;
        return same?.lanes[index];
      });
      each.milliseconds = performance.now() - begin;
      return made;
    });
    const parts = cuts.map((cut, at): Part => ({ ...cut, lanes: lanes.flatMap((lane) => [lane[at] ?? []]) }));
    const units = unitsOf(parts);

    const before = scope === 'all' ? [] : this.#units;
    // If a token may span units, the tokens of a unit can change although its text did not.
    const isKept = (now: Unit | undefined, then: Unit | undefined) =>
      now !== undefined &&
      then !== undefined &&
      now.text === then.text &&
      now.inside === then.inside &&
      now.lanes.every((lane, at) => isSameLane(lane, then.lanes[at]));
    const keptStart = countSame(before.length, units.length, (at) => isKept(units[at], before[at]));
    const keptEnd = countSame(before.length - keptStart, units.length - keptStart, (at) =>
      isKept(units.at(-1 - at), before.at(-1 - at)),
    );

    this.#text = text;
    this.#version = version;
    this.#keys = keys;
    this.#parts = parts;
    this.#units = units;
    const fresh = units.slice(keptStart, units.length - keptEnd);
    return {
      type: 'units',
      version,
      keptStart,
      keptEnd,
      lengths: Int32Array.from(fresh, (unit) => unit.text.length),
      inside: Uint8Array.from(fresh, (unit) => Number(unit.inside)),
      lanes: present.map(({ key, registered, milliseconds }, index) => {
        return joined(
          key,
          registered,
          fresh.flatMap((unit) => unit.lanes[index] ?? []),
          milliseconds,
        );
      }),
    };
  }

  /** @param knownAt the tokens of a part whose text did not change */
  #lanesOf(
    { tokenizer, cutsAreSafe }: RegisteredTokenizer,
    text: string,
    parts: readonly Pick<Part, 'text' | 'texts'>[],
    knownAt: (at: number) => readonly UnitTokens[] | undefined,
  ): (readonly UnitTokens[])[] {
    if (cutsAreSafe) {
      return parts.map((part, at) => knownAt(at) ?? splitByUnits(tokenizer.segment(part.text), part.texts));
    }
    const all = splitByUnits(
      tokenizer.segment(text),
      parts.flatMap(({ texts }) => texts),
    );
    let from = 0;
    return parts.map(({ texts }) => all.slice(from, (from += texts.length)));
  }
}

function unitsOf(parts: readonly Part[]): Unit[] {
  let inside = false;
  return parts.flatMap(({ text, texts, lanes }) => {
    const first = inside;
    inside = endsInside(text);
    return texts.map((slice, at): Unit => {
      return { text: slice, inside: at > 0 || first, lanes: lanes.flatMap((lane) => lane[at] ?? []) };
    });
  });
}

function cutAt(text: string, ends: readonly number[]): string[] {
  let from = 0;
  return ends.map((end) => {
    const part = text.slice(from, end);
    from = end;
    return part;
  });
}

/** Number of indices below `Math.min(a, b)` before the first for which `isSame` is false. */
function countSame(a: number, b: number, isSame: (at: number) => boolean): number {
  const most = Math.min(a, b);
  let count = 0;
  while (count < most && isSame(count)) count++;
  return count;
}

function sameKeys(a: readonly TokenizerKey[], b: readonly TokenizerKey[]): boolean {
  return a.length === b.length && a.every((key, at) => key === b[at]);
}

function isSameLane(a: UnitTokens, b: UnitTokens | undefined): boolean {
  if (a === b) return true;
  return (
    a.continues === b?.continues &&
    a.ids.length === b.ids.length &&
    a.ids.every((id, at) => id === b.ids[at]) &&
    a.ends.every((end, at) => end === b.ends[at])
  );
}

function joined(
  key: TokenizerKey,
  registered: RegisteredTokenizer,
  lanes: readonly UnitTokens[],
  milliseconds: number,
): TokensByUnit {
  const total = lanes.reduce((sum, lane) => sum + lane.ids.length, 0);
  const counts = Int32Array.from(lanes, (lane) => lane.ids.length);
  const ids = new Int32Array(total);
  const ends = new Int32Array(total);
  const marks = new Uint8Array(total);
  let offset = 0;
  for (const lane of lanes) {
    ids.set(lane.ids, offset);
    ends.set(lane.ends, offset);
    marksOf(registered, lane, marks, offset);
    offset += lane.ids.length;
  }
  return { key, counts, ids, ends, marks, milliseconds };
}
