/** Decoding steps, applied in order. Names and meaning as in tokenizer.json. */
export type DecoderStep =
  | { type: 'Replace'; pattern: string; content: string }
  | { type: 'ByteFallback' }
  | { type: 'Fuse' }
  /** Removes `content` up to `start` times from the beginning of each piece and up to `stop` times from its end. */
  | { type: 'Strip'; content: string; start: number; stop: number };

const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;

/** Without a decoder (`undefined`), pieces are joined by spaces, as in Hugging Face tokenizers. */
export function decodePieces(pieces: string[], steps: readonly DecoderStep[] | undefined): string {
  if (!steps) return pieces.join(' ');
  let parts = pieces;
  for (const step of steps) {
    if (step.type === 'Replace') parts = parts.map((part) => part.replaceAll(step.pattern, () => step.content));
    else if (step.type === 'ByteFallback') parts = joinBytes(parts);
    else if (step.type === 'Fuse') parts = [parts.join('')];
    else parts = parts.map((part) => strip(part, step.content, step.start, step.stop));
  }
  return parts.join('');
}

/** The value of a byte piece such as `<0xEA>`. */
export function byteOf(piece: string): number | undefined {
  const digits = BYTE.exec(piece)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** A run of bytes that is not valid UTF-8 becomes one U+FFFD per byte. */
export function joinBytes(parts: readonly string[]): string[] {
  const joined: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) joined.push(textOf(bytes));
    bytes = [];
  };
  for (const part of parts) {
    const byte = part.length === 6 ? byteOf(part) : undefined;
    if (byte !== undefined) bytes.push(byte);
    else {
      flush();
      joined.push(part);
    }
  }
  flush();
  return joined;
}

function textOf(bytes: readonly number[]): string {
  // TextDecoder removes a leading byte order mark.
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? '\uFEFF' : '';
  try {
    return mark + new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  } catch {
    return '\uFFFD'.repeat(bytes.length);
  }
}

export function strip(part: string, content: string, start: number, stop: number): string {
  let text = part;
  for (let count = 0; count < start && text.startsWith(content); count++) text = text.slice(content.length);
  for (let count = 0; count < stop && text.endsWith(content); count++) text = text.slice(0, -content.length);
  return text;
}
