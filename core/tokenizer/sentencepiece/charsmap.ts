import { malformed } from '../format-error.ts';
import { utf8Of } from '../text/utf8.ts';

/**
 * The precompiled normalization rules of a SentencePiece model: the length of a double array, the array (Darts-clone:
 * one 32-bit unit a node, over UTF-8 bytes), and the replacements, each terminated by a zero byte.
 */
export class Charsmap {
  private readonly units: Uint32Array;
  private readonly replacements: Uint8Array;

  /** @throws TokenizerFormatError if the lengths are inconsistent */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = bytes.length > 4 ? view.getUint32(0, true) : 0;
    if (length === 0 || length % 4 !== 0 || length + 4 >= bytes.length) {
      throw malformed('normalizer', 'precompiled_charsmap', 'is damaged.');
    }
    this.units = Uint32Array.from({ length: length / 4 }, (_, at) => view.getUint32(4 + at * 4, true));
    this.replacements = bytes.subarray(4 + length);
  }

  /** Longest rule that matches at `start`: its replacement, and the number of UTF-16 units that it replaces. */
  longestAt(text: string, start: number): { replacement: string; length: number } | undefined {
    let node = offsetOf(this.units[0] ?? 0);
    let value = -1;
    let length = 0;
    for (let at = start; at < text.length;) {
      const code = text.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      for (const byte of utf8Of(code)) {
        node ^= byte;
        const unit = this.units[node];
        if (unit === undefined || (unit & 0x800000ff) !== byte) return this.resultOf(value, length);
        node ^= offsetOf(unit);
        if ((unit & 0x100) !== 0) {
          value = (this.units[node] ?? 0) & 0x7fffffff;
          length = at - start;
        }
      }
    }
    return this.resultOf(value, length);
  }

  /**
   * Replacement of the shortest rule that `chunk` begins with, as in the crate spm_precompiled: it stands for the whole chunk.
   */
  shortestOf(chunk: string): string | undefined {
    let node = offsetOf(this.units[0] ?? 0);
    for (const character of chunk) {
      for (const byte of utf8Of(character.codePointAt(0) ?? 0)) {
        if (byte === 0) return undefined;
        node ^= byte;
        const unit = this.units[node];
        if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
        node ^= offsetOf(unit);
        if ((unit & 0x100) !== 0) return this.resultOf((this.units[node] ?? 0) & 0x7fffffff, 1)?.replacement;
      }
    }
    return undefined;
  }

  private resultOf(value: number, length: number): { replacement: string; length: number } | undefined {
    if (length === 0) return undefined;
    const end = this.replacements.indexOf(0, value);
    const bytes = this.replacements.subarray(value, end === -1 ? this.replacements.length : end);
    return { replacement: new TextDecoder().decode(bytes), length };
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
