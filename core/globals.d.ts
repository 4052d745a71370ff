// Globals of every runtime (browser page, worker, Node) that the ES library does not declare.
interface TextDecoderOptionsOfCore {
  fatal?: boolean;
}
declare class TextDecoder {
  constructor(label?: string, options?: TextDecoderOptionsOfCore);
  decode(bytes: Uint8Array, options?: { stream?: boolean }): string;
}
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
declare const AbortSignal: { any(signals: AbortSignal[]): AbortSignal };
declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
declare class Blob {
  constructor(parts: readonly (Blob | Uint8Array<ArrayBuffer>)[]);
  readonly size: number;
  slice(start?: number, end?: number): Blob;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
}
declare function setTimeout(work: () => void, milliseconds: number): object;
declare function clearTimeout(timer: object | undefined): void;
