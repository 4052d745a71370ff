/**
 * Reproducible pseudorandom numbers: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2021), seeded by SplitMix64 (Steele, Lea and Flood, 2014), as its authors recommend.
 */
export class Random {
  private readonly state: Uint32Array;

  private constructor(state: Uint32Array) {
    this.state = state;
  }

  /** @throws RangeError for a seed that is not a safe integer */
  static fromSeed(seed: number): Random {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be an integer, got ${seed}`);
    const state = new Uint32Array(4);
    const next = splitMix64(BigInt(seed));
    for (const i of [0, 2]) {
      const word = next();
      state[i] = Number(word & 0xffffffffn);
      state[i + 1] = Number(word >> 32n);
    }
    return new Random(state);
  }

  /** Four words of 32 bits, not all zero. */
  static fromState(words: readonly [number, number, number, number]): Random {
    return new Random(Uint32Array.from(words));
  }

  /** Uniform in 0 … 2^32 − 1. */
  uint32(): number {
    const s = this.state;
    const second = s[1]!;
    const result = Math.imul(rotateLeft(Math.imul(second, 5), 7), 9) >>> 0;
    s[2]! ^= s[0]!;
    s[3]! ^= second;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= second << 9;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The SplitMix64 stream of 64-bit words of a seed. */
export function splitMix64(seed: bigint): () => bigint {
  let state = BigInt.asUintN(64, seed);
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let word = state;
    word = BigInt.asUintN(64, (word ^ (word >> 30n)) * 0xbf58476d1ce4e5b9n);
    word = BigInt.asUintN(64, (word ^ (word >> 27n)) * 0x94d049bb133111ebn);
    return word ^ (word >> 31n);
  };
}
