/** Finds how much memory a GPU gives, in growing pieces. */
import type { MemoryProbe } from '#core/protocol/preflight.ts';

/** Memory that is taken piece by piece. */
export interface ProbedMemory {
  /** Largest piece in bytes. */
  maxPiece: number;
  /** Allocates and fills `bytes`. @returns the milliseconds that filling took, or why there is no such piece */
  take(bytes: number): Promise<number | 'refused' | 'lost'>;
}

const MIB = 2 ** 20;
const FIRST_PIECE = 64 * MIB;
/** About the largest weight of a 4-bit 4B model. */
const LARGEST_PIECE = 512 * MIB;
/** Where so little is refused the memory is full. */
const SMALLEST_PIECE = 16 * MIB;
/** A piece that takes so much longer a byte than the fastest one was swapped, if it took long at all. */
const SLOW = { times: 10, milliseconds: 400 } as const;

/**
 * Pieces double while they are given; the first refusal halves them until 16 MiB are refused. What was taken stays taken: the caller
 * gives it back.
 * @param onProgress called with the bytes that were taken so far
 */
export async function probeMemory(
  memory: ProbedMemory,
  atMostBytes: number,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<MemoryProbe> {
  let bytes = 0;
  let piece = FIRST_PIECE;
  let isFull = false;
  let fastest = Infinity;
  while (bytes < atMostBytes) {
    if (signal.aborted) return { bytes, end: 'stopped' };
    const size = wholeWords(Math.min(piece, memory.maxPiece, atMostBytes - bytes));
    if (size === 0) break;
    const taken = await memory.take(size);
    if (taken === 'lost') return { bytes, end: 'lost' };
    if (taken === 'refused') {
      if (size <= SMALLEST_PIECE) return { bytes, end: 'refused' };
      isFull = true;
      piece = size / 2;
      continue;
    }
    bytes += size;
    onProgress(bytes);
    const perByte = taken / size;
    if (taken > SLOW.milliseconds && perByte > SLOW.times * fastest) return { bytes, end: 'slow' };
    fastest = Math.min(fastest, perByte);
    if (!isFull) piece = Math.min(2 * piece, LARGEST_PIECE);
  }
  return { bytes, end: 'limit' };
}

/** Buffers that are cleared have whole words. */
function wholeWords(bytes: number): number {
  return Math.floor(bytes / 4) * 4;
}
