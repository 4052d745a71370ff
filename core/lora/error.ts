/** An adapter that cannot be used. The message names the file, and the tensor or entry that is at fault. */
export class AdapterError extends Error {
  constructor(
    readonly file: string,
    readonly reason: string,
  ) {
    super(`${file}: ${reason}`);
    this.name = 'AdapterError';
  }
}
