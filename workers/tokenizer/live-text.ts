import type { EditReply, EditRequest, TokenizerKey, TokensByUnit } from '#core/protocol/tokenizer.ts';
import { applyEdit } from '#core/tokenizer/text/text-edit.ts';
import { unitEnds } from '#core/tokenizer/text/units.ts';
import { marksOf } from './facts.ts';
import { tokensOfUnit, splitByUnits, type UnitTokens } from './unit-tokens.ts';
import type { RegisteredTokenizer } from './registered-tokenizer.ts';
import type { TokenizerRegistry } from './registry.ts';

interface Unit {
  text: string;
  /** In the order of `keys`. */
  lanes: readonly UnitTokens[];
}

/** The text that is being typed, split into units. Every tokenizer encodes each unit; a keystroke re-encodes only its own. */
export class LiveText {
  #text = '';
  #version = 0;
  #keys: readonly TokenizerKey[] = [];
  #units: readonly Unit[] = [];

  constructor(private readonly registry: Pick<TokenizerRegistry, 'get'>) {}

  edit({ version, scope, edit, keys }: EditRequest): EditReply {
    const follows = version === this.#version + 1 && sameKeys(keys, this.#keys);
    if (scope === 'edit' && !follows) return { type: 'resend' };
    const text = scope === 'all' ? edit.insert : applyEdit(this.#text, edit);
    const before = scope === 'all' ? [] : this.#units;
    const present = keys.flatMap((key) => {
      const registered = this.registry.get(key);
      return registered ? [{ key, registered, milliseconds: 0 }] : [];
    });

    const texts = cut(text);
    const startTexts = countSame(before.length, texts.length, (at) => before[at]?.text === texts[at]);
    const endTexts = countSame(before.length - startTexts, texts.length - startTexts, (at) => {
      return before.at(-1 - at)?.text === texts.at(-1 - at);
    });
    const lanes = present.map((each) => {
      const begin = performance.now();
      const made = this.#lanesOf(each.registered, present.indexOf(each), text, texts, before, startTexts, endTexts);
      each.milliseconds = performance.now() - begin;
      return made;
    });
    const units = texts.map((unit, at): Unit => ({ text: unit, lanes: lanes.flatMap((lane) => lane[at] ?? []) }));
    // If a token may span units, the tokens of a unit can change although its text did not.
    const isKept = (now: Unit | undefined, then: Unit | undefined) =>
      now !== undefined && then !== undefined && now.lanes.every((lane, at) => isSameLane(lane, then.lanes[at]));
    const keptStart = countSame(startTexts, startTexts, (at) => isKept(units[at], before[at]));
    const keptEnd = countSame(endTexts, endTexts, (at) => isKept(units.at(-1 - at), before.at(-1 - at)));

    this.#text = text;
    this.#version = version;
    this.#keys = keys;
    this.#units = units;
    const fresh = units.slice(keptStart, units.length - keptEnd);
    return {
      type: 'units',
      version,
      keptStart,
      keptEnd,
      lengths: Int32Array.from(fresh, (unit) => unit.text.length),
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

  #lanesOf(
    { tokenizer, cutsAreSafe }: RegisteredTokenizer,
    index: number,
    text: string,
    texts: readonly string[],
    before: readonly Unit[],
    startTexts: number,
    endTexts: number,
  ): UnitTokens[] {
    if (!cutsAreSafe) return splitByUnits(tokenizer.segment(text), texts);
    return texts.map((unit, at) => {
      const fromEnd = texts.length - at;
      const known = at < startTexts ? before[at] : fromEnd <= endTexts ? before.at(-fromEnd) : undefined;
      return known?.lanes[index] ?? tokensOfUnit(tokenizer.segment(unit));
    });
  }
}

function cut(text: string): string[] {
  let from = 0;
  return unitEnds(text).map((end) => {
    const unit = text.slice(from, end);
    from = end;
    return unit;
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
