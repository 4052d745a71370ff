/**
 * SHA-256 (FIPS 180-4) of bytes that come in pieces. WebCrypto has no such thing: it takes all bytes at once, and a file of weights is
 * larger than memory. Its `digest` is several times as fast; what fits in memory is hashed with that.
 */

const BLOCK_BYTES = 64;

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = Int32Array.from({ length: 64 }, (_, index) => fraction(Math.cbrt(prime(index))));
/** The same of the square roots of the first 8. */
const START = Int32Array.from({ length: 8 }, (_, index) => fraction(Math.sqrt(prime(index))));

export class Sha256 {
  readonly #state = Int32Array.from(START);
  readonly #words = new Int32Array(64);
  readonly #rest = new Uint8Array(BLOCK_BYTES);
  #restBytes = 0;
  #length = 0;

  update(bytes: Uint8Array): this {
    this.#length += bytes.length;
    let at = 0;
    if (this.#restBytes > 0) {
      at = Math.min(BLOCK_BYTES - this.#restBytes, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#restBytes);
      this.#restBytes += at;
      if (this.#restBytes < BLOCK_BYTES) return this;
      this.#blocks(this.#rest, 0, BLOCK_BYTES);
      this.#restBytes = 0;
    }
    const whole = bytes.length - ((bytes.length - at) % BLOCK_BYTES);
    this.#blocks(bytes, at, whole);
    this.#rest.set(bytes.subarray(whole));
    this.#restBytes = bytes.length - whole;
    return this;
  }

  /** Hexadecimal digits. More bytes may follow: this is the hash of those so far. */
  hex(): string {
    const copy = new Sha256();
    copy.#state.set(this.#state);
    const padding = new Uint8Array(this.#restBytes < 56 ? BLOCK_BYTES : 2 * BLOCK_BYTES);
    padding.set(this.#rest.subarray(0, this.#restBytes));
    padding[this.#restBytes] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, BigInt(this.#length) * 8n);
    copy.#blocks(padding, 0, padding.length);
    return Array.from(copy.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #blocks(bytes: Uint8Array, begin: number, end: number): void {
    const words = this.#words;
    const state = this.#state;
    const k = K;
    // Locals, not a list: this loop is most of the time of a hash.
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    let t: number;
    for (let at = begin; at < end; at += BLOCK_BYTES) {
      for (let i = 0, j = at; i < 16; i++, j += 4)
        words[i] = (bytes[j]! << 24) | (bytes[j + 1]! << 16) | (bytes[j + 2]! << 8) | bytes[j + 3]!;
      for (let i = 16; i < 64; i++) {
        const x = words[i - 15]!;
        const y = words[i - 2]!;
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        words[i] = (words[i - 16]! + s0 + words[i - 7]! + s1) | 0;
      }
      // Eight rounds at a time: after them each letter is itself again, so that no value moves from one to the next.
      for (let i = 0; i < 64; i += 8) {
        t =
          (h +
            (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
            (g ^ (e & (f ^ g))) +
            k[i]! +
            words[i]!) |
          0;
        d = (d + t) | 0;
        h =
          (t +
            (((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) +
            ((a & b) ^ (c & (a ^ b)))) |
          0;
        t =
          (g +
            (((d >>> 6) | (d << 26)) ^ ((d >>> 11) | (d << 21)) ^ ((d >>> 25) | (d << 7))) +
            (f ^ (d & (e ^ f))) +
            k[i + 1]! +
            words[i + 1]!) |
          0;
        c = (c + t) | 0;
        g =
          (t +
            (((h >>> 2) | (h << 30)) ^ ((h >>> 13) | (h << 19)) ^ ((h >>> 22) | (h << 10))) +
            ((h & a) ^ (b & (h ^ a)))) |
          0;
        t =
          (f +
            (((c >>> 6) | (c << 26)) ^ ((c >>> 11) | (c << 21)) ^ ((c >>> 25) | (c << 7))) +
            (e ^ (c & (d ^ e))) +
            k[i + 2]! +
            words[i + 2]!) |
          0;
        b = (b + t) | 0;
        f =
          (t +
            (((g >>> 2) | (g << 30)) ^ ((g >>> 13) | (g << 19)) ^ ((g >>> 22) | (g << 10))) +
            ((g & h) ^ (a & (g ^ h)))) |
          0;
        t =
          (e +
            (((b >>> 6) | (b << 26)) ^ ((b >>> 11) | (b << 21)) ^ ((b >>> 25) | (b << 7))) +
            (d ^ (b & (c ^ d))) +
            k[i + 3]! +
            words[i + 3]!) |
          0;
        a = (a + t) | 0;
        e =
          (t +
            (((f >>> 2) | (f << 30)) ^ ((f >>> 13) | (f << 19)) ^ ((f >>> 22) | (f << 10))) +
            ((f & g) ^ (h & (f ^ g)))) |
          0;
        t =
          (d +
            (((a >>> 6) | (a << 26)) ^ ((a >>> 11) | (a << 21)) ^ ((a >>> 25) | (a << 7))) +
            (c ^ (a & (b ^ c))) +
            k[i + 4]! +
            words[i + 4]!) |
          0;
        h = (h + t) | 0;
        d =
          (t +
            (((e >>> 2) | (e << 30)) ^ ((e >>> 13) | (e << 19)) ^ ((e >>> 22) | (e << 10))) +
            ((e & f) ^ (g & (e ^ f)))) |
          0;
        t =
          (c +
            (((h >>> 6) | (h << 26)) ^ ((h >>> 11) | (h << 21)) ^ ((h >>> 25) | (h << 7))) +
            (b ^ (h & (a ^ b))) +
            k[i + 5]! +
            words[i + 5]!) |
          0;
        g = (g + t) | 0;
        c =
          (t +
            (((d >>> 2) | (d << 30)) ^ ((d >>> 13) | (d << 19)) ^ ((d >>> 22) | (d << 10))) +
            ((d & e) ^ (f & (d ^ e)))) |
          0;
        t =
          (b +
            (((g >>> 6) | (g << 26)) ^ ((g >>> 11) | (g << 21)) ^ ((g >>> 25) | (g << 7))) +
            (a ^ (g & (h ^ a))) +
            k[i + 6]! +
            words[i + 6]!) |
          0;
        f = (f + t) | 0;
        b =
          (t +
            (((c >>> 2) | (c << 30)) ^ ((c >>> 13) | (c << 19)) ^ ((c >>> 22) | (c << 10))) +
            ((c & d) ^ (e & (c ^ d)))) |
          0;
        t =
          (a +
            (((f >>> 6) | (f << 26)) ^ ((f >>> 11) | (f << 21)) ^ ((f >>> 25) | (f << 7))) +
            (h ^ (f & (g ^ h))) +
            k[i + 7]! +
            words[i + 7]!) |
          0;
        e = (e + t) | 0;
        a =
          (t +
            (((b >>> 2) | (b << 30)) ^ ((b >>> 13) | (b << 19)) ^ ((b >>> 22) | (b << 10))) +
            ((b & c) ^ (d & (b ^ c)))) |
          0;
      }
      state[0] = a = (state[0]! + a) | 0;
      state[1] = b = (state[1]! + b) | 0;
      state[2] = c = (state[2]! + c) | 0;
      state[3] = d = (state[3]! + d) | 0;
      state[4] = e = (state[4]! + e) | 0;
      state[5] = f = (state[5]! + f) | 0;
      state[6] = g = (state[6]! + g) | 0;
      state[7] = h = (state[7]! + h) | 0;
    }
  }
}

/** Hexadecimal digits of bytes that are all at hand. */
export function sha256Of(bytes: Uint8Array): string {
  return new Sha256().update(bytes).hex();
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
}

function prime(index: number): number {
  for (let candidate = 2, found = -1; ; candidate++) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++;
    if (divisor * divisor > candidate && ++found === index) return candidate;
  }
}
