import type { HttpBody } from './network.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface BodyReader {
  /** The next piece, valid until the next call; undefined at the end. */
  read(): Promise<Bytes | undefined>;
  cancel(): Promise<void>;
}

const BUFFER_BYTES = 512 * 1024;

/**
 * Reads every piece into the same buffer where the runtime can. A fresh buffer for each piece costs more processor time than its bytes do:
 * the operating system has to find and clear the memory.
 */
export function bodyReader(body: HttpBody | null): BodyReader | undefined {
  if (!body) return undefined;
  const reader = byteReader(body);
  if (!reader) return plainReader(body);
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  return {
    async read() {
      // The buffer moves away and comes back with the piece. An error takes it along, and ends the reading.
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      return done ? undefined : value;
    },
    cancel: () => reader.cancel(),
  };
}

/** Undefined if it is no stream of bytes: then the runtime hands out buffers of its own. */
function byteReader(body: HttpBody) {
  try {
    return body.getReader({ mode: 'byob' });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function plainReader(body: HttpBody): BodyReader {
  const reader = body.getReader();
  return { read: async () => (await reader.read()).value, cancel: () => reader.cancel() };
}
