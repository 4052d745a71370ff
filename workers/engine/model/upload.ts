/** Brings bytes of blobs into GPU buffers: the next pieces are read while the GPU takes the ones before. */
import { readWithRetry } from '../runtime/retrying-blob.ts';
import type { Backend } from './backend.ts';

/** One read and one write. */
const pieceBytes = 8 * 2 ** 20;
/** Reads that are under way at once, and bytes that were handed to the GPU and may not have arrived. */
const readsAhead = 4;
const bytesInFlight = 64 * 2 ** 20;

export interface Upload {
  buffer: GPUBuffer;
  /** The bytes of the buffer, from its beginning. */
  blob: Blob;
}

interface Piece {
  buffer: GPUBuffer;
  at: number;
  bytes: Promise<ArrayBuffer>;
}

/**
 * @param onBytes called after each piece, with its size
 * @throws the signal's reason, what reading throws; FailureError `device-lost`
 */
export async function uploadAll(
  backend: Backend & { gpu: NonNullable<Backend['gpu']> },
  uploads: readonly Upload[],
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { queue } = backend.gpu.device;
  const pieces = piecesOf(uploads);
  const reading: Piece[] = [];
  const writing: Promise<undefined>[] = [];
  let sinceFence = 0;
  const readNext = () => {
    const { value } = pieces.next();
    if (!value) return;
    // A read that fails while an earlier one is awaited is reported when its turn comes.
    value.bytes.catch(() => undefined);
    reading.push(value);
  };
  for (let ahead = 0; ahead < readsAhead; ahead++) readNext();
  for (let piece = reading.shift(); piece; piece = reading.shift()) {
    const bytes = new Uint8Array(await piece.bytes);
    signal.throwIfAborted();
    readNext();
    queue.writeBuffer(piece.buffer, piece.at, padded(bytes));
    onBytes(bytes.length);
    sinceFence += bytes.length;
    if (sinceFence < bytesInFlight / 2) continue;
    sinceFence = 0;
    writing.push(backend.guard(queue.onSubmittedWorkDone()));
    if (writing.length === 2) await writing.shift();
  }
  await Promise.all(writing);
}

function* piecesOf(uploads: readonly Upload[]): Generator<Piece, undefined> {
  for (const { buffer, blob } of uploads)
    for (let at = 0; at < blob.size; at += pieceBytes)
      yield { buffer, at, bytes: readWithRetry(blob.slice(at, Math.min(at + pieceBytes, blob.size))) };
}

/** The byte length of a GPU write must be a multiple of 4. */
function padded(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (piece.length % 4 === 0) return piece;
  const whole = new Uint8Array(Math.ceil(piece.length / 4) * 4);
  whole.set(piece);
  return whole;
}
