/**
 * A package cannot be made of what was given. The message names the file, where there is one the tensor, and the next step; the command
 * line and the page show the same words.
 */
export class ExportError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExportError';
  }
}
