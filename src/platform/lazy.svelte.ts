import { styledImport } from './styled-import.ts';

/** A part of the page that is loaded when it is first needed. */
export class Lazy<Part> {
  part = $state.raw<Part>();
  /** Tries that failed, since it was first needed. */
  failures = $state(0);
  loading = $state(false);
  #running: Promise<Part> | undefined;

  /** @param importPart calls `import()`; called again at each try */
  constructor(private readonly importPart: () => Promise<Part>) {}

  /** Resolves at once when the part is there. Rejects when it cannot be fetched; the next call tries again. */
  async load(): Promise<Part> {
    if (this.part !== undefined) return this.part;
    this.#running ??= this.#load();
    return this.#running;
  }

  async #load(): Promise<Part> {
    this.loading = true;
    try {
      this.part = await styledImport(this.importPart);
      return this.part;
    } catch (error) {
      console.error(error);
      this.failures++;
      throw error;
    } finally {
      this.loading = false;
      this.#running = undefined;
    }
  }
}
