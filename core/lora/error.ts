/** An adapter cannot be used. The message names the file and the invalid tensor or entry. */
export class AdapterError extends Error {
  constructor(
    readonly file: string,
    readonly reason: string,
  ) {
    super(`${file}: ${reason}`);
    this.name = 'AdapterError';
  }
}
