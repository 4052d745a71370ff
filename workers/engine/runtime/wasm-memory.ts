/**
 * The runtime keeps its WebAssembly.Memory to itself. It makes it in JavaScript, though, so the next one that is made
 * in this worker can be caught.
 */
export function catchMemory(): () => WebAssembly.Memory | undefined {
  let caught: WebAssembly.Memory | undefined;
  const original = WebAssembly.Memory;
  class Watched extends original {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      // An empty one is the loader's way to find out about SharedArrayBuffer.
      if (descriptor.initial === 0) return;
      // eslint-disable-next-line @typescript-eslint/no-this-alias -- what is caught here is the instance itself
      caught = this;
      if (WebAssembly.Memory === Watched) WebAssembly.Memory = original;
    }
  }
  WebAssembly.Memory = Watched;
  return () => caught;
}
