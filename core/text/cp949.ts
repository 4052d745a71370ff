/**
 * CP949 (Windows-949, UHC): EUC-KR with all 11,172 Hangul syllables. Browsers decode it under the label `euc-kr`; Node's
 * `euc-kr` knows the 2,350 syllables of KS X 1001 only, so 뷁, 똠 and 펲 would be broken there. This decoder is the same in both.
 */
import { textOfUnits } from '../bytes.ts';

const FIRST = 0x81;
const LAST = 0xfe;
const INVALID = 0;

const FIRST_SYLLABLE = 0xac00;
const LAST_SYLLABLE = 0xd7a3;

/** As the decoder of the same name in the Encoding standard with `fatal`. */
export class Cp949Decoder {
  /** First byte of a pair whose second one has not come; 0 if there is none. */
  #lead = 0;

  /** @throws RangeError for bytes that are not CP949, and for half a pair at the end unless `stream` is set */
  decode(bytes: Uint8Array, { stream = false } = {}): string {
    const table = tableOf();
    const units = new Uint16Array(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      if (this.#lead !== 0) {
        const unit = table[(this.#lead - FIRST) * 256 + byte] ?? INVALID;
        if (unit === INVALID) throw new RangeError('invalid CP949');
        units[length++] = unit;
        this.#lead = 0;
      } else if (byte < 0x80) units[length++] = byte;
      else if (byte >= FIRST && byte <= LAST) this.#lead = byte;
      else throw new RangeError('invalid CP949');
    }
    if (!stream && this.#lead !== 0) throw new RangeError('half a character of CP949');
    return textOfUnits(units.subarray(0, length));
  }
}

/**
 * Counts the pairs of bytes, and those that KS X 1001 lacks and CP949 added for rare syllables (뷁, 똠). They are hardly one in
 * a thousand in Korean text, and most of what Shift_JIS and Johab hold.
 * @param bytes CP949, whole or cut within a pair
 */
export function addedPairs(bytes: Uint8Array): { added: number; pairs: number } {
  let [added, pairs] = [0, 0];
  for (let at = 0; at + 1 < bytes.length; at++) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) continue;
    at++;
    pairs++;
    if (lead < 0xa1 || (bytes[at] ?? 0) < 0xa1) added++;
  }
  return { added, pairs };
}

let known: Uint16Array | undefined;

/** The UTF-16 unit of each pair of bytes, at (first − 0x81) · 256 + second. */
function tableOf(): Uint16Array {
  if (known) return known;
  const table = new Uint16Array((LAST - FIRST + 1) * 256);
  const syllables = new Set<number>();
  const set = (lead: number, trail: number, unit: number) => {
    table[(lead - FIRST) * 256 + trail] = unit;
    syllables.add(unit);
  };
  const decoder = new TextDecoder('euc-kr');
  for (let lead = 0xa1; lead <= 0xfd; lead++) {
    // Private use.
    if (lead === 0xc9) continue;
    for (let trail = 0xa1; trail <= 0xfe; trail++) {
      const text = decoder.decode(Uint8Array.of(lead, trail));
      if (text.length === 1 && text !== '\ufffd') set(lead, trail, text.charCodeAt(0));
    }
  }
  // Added to KS X 1001 later; not in Node.
  set(0xa2, 0xe6, 0x20ac);
  set(0xa2, 0xe7, 0xae);
  // The other syllables, in the order of Unicode, take the places that KS X 1001 leaves free.
  let next = FIRST_SYLLABLE;
  for (let lead = FIRST; lead <= 0xc6; lead++) {
    for (let trail = 0x41; trail <= (lead < 0xa1 ? 0xfe : 0xa0); trail++) {
      if ((trail > 0x5a && trail < 0x61) || (trail > 0x7a && trail < 0x81)) continue;
      while (syllables.has(next)) next++;
      if (next <= LAST_SYLLABLE) table[(lead - FIRST) * 256 + trail] = next++;
    }
  }
  known = table;
  return table;
}
