/** What a visitor should know about how a file was read. `src/messages/image` has a text for each. */
export type ImageNote =
  /** Samples of 16 bits of which the file uses `bits`; they are shown by those. */
  | { code: 'sixteen-bits'; bits: number }
  /** Only the first frame was read. */
  | { code: 'first-frame' }
  /** The file has transparency; the model gets the colours without it. */
  | { code: 'transparency' };
