/**
 * The runtime does not expose its WebAssembly.Memory, but creates it in JavaScript. This records the next one that is
 * created in this worker.
 */
export function recordNextMemory(): () => WebAssembly.Memory | undefined {
  let caught: WebAssembly.Memory | undefined;
  const original = WebAssembly.Memory;
  class Watched extends original {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      // The loader creates an empty memory to detect SharedArrayBuffer.
      if (descriptor.initial === 0) return;
      // eslint-disable-next-line @typescript-eslint/no-this-alias -- the instance itself is recorded
      caught = this;
      if (WebAssembly.Memory === Watched) WebAssembly.Memory = original;
    }
  }
  WebAssembly.Memory = Watched;
  return () => caught;
}
