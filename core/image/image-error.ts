/** A file that is of a known kind and cannot be read: cut off, damaged, or of a form that is not supported. */
export class ImageError extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = 'ImageError';
  }
}
