/**
 * Cuts units that are too long to draw at once, such as Korean without spaces. Tokens may reach across these cuts, so a unit is
 * encoded whole and its tokens are shared out to its slices.
 */

/** In UTF-16 units; longer units are cut. */
const longest = 480;
/** Length of a slice, at least and at most. */
const least = 120;
const most = 360;

/** Does not begin a character as it is drawn: marks, jamo behind the first of a syllable, joiners, variation selectors, halves of pairs. */
const CONTINUES = /\u200D|[\p{M}\u1160-\u11FF\uD7B0-\uD7FF\uDC00-\uDFFF]/u;
const JOINER = 0x200d;

/**
 * Ends of the slices of a unit, ascending; the last is the length of the unit. Where a slice ends depends on the text around
 * that place, so that an edit moves the cuts near it and leaves the others.
 */
export function sliceEnds(unit: string): number[] {
  const ends: number[] = [];
  let from = 0;
  while (unit.length - from > longest) {
    from = cutIn(unit, from + least, from + most);
    ends.push(from);
  }
  if (unit.length > 0) ends.push(unit.length);
  return ends;
}

/** The place with the largest hash of its neighbours, the first of equals. */
function cutIn(unit: string, first: number, last: number): number {
  let best = -1;
  let cut = -1;
  for (let at = first; at <= last; at++) {
    const hash = hashAround(unit, at);
    if (hash > best && begins(unit, at)) {
      best = hash;
      cut = at;
    }
  }
  if (cut >= 0) return cut;
  // A character with more marks than fit into a slice; surrogate pairs are still kept together.
  return (unit.charCodeAt(last) & 0xfc00) === 0xdc00 ? last + 1 : last;
}

function begins(unit: string, at: number): boolean {
  const code = unit.charCodeAt(at);
  // Most characters are in neither range of the pattern.
  if (code < 0x300 || (code >= 0xac00 && code <= 0xd7a3)) return unit.charCodeAt(at - 1) !== JOINER;
  return unit.charCodeAt(at - 1) !== JOINER && !CONTINUES.test(String.fromCodePoint(unit.codePointAt(at) ?? 0));
}

function hashAround(unit: string, at: number): number {
  let hash = 0x811c9dc5;
  for (let place = at - 2; place < at + 2; place++) hash = Math.imul(hash ^ unit.charCodeAt(place), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 1;
}
