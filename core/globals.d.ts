// What every runtime has (browser page, worker, Node) and the ES library does not declare.
interface TextDecoderOptionsOfCore {
  fatal?: boolean;
}
declare class TextDecoder {
  constructor(label?: string, options?: TextDecoderOptionsOfCore);
  decode(bytes: Uint8Array): string;
}
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
