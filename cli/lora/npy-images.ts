/** images.npy as `npm run phantoms` writes it: u8 [images, height, width] (NumPy's format, version 1 to 3). */
import { open, type FileHandle } from 'node:fs/promises';
import { CommandError, onFile } from '../shared/errors.ts';

const MAGIC = '\u0093NUMPY';
/** A header is a line with three entries. */
const MAX_HEADER_BYTES = 65_536;

export class NpyImages {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly begin: number,
    /** Number of images. */
    readonly count: number,
    readonly height: number,
    readonly width: number,
  ) {}

  /** @throws CommandError for another format */
  static async open(path: string): Promise<NpyImages> {
    const file = await onFile(path, open(path));
    try {
      const { begin, shape } = await readHeader(path, file);
      const [count = 0, height = 0, width = 0] = shape;
      const needed = begin + count * height * width;
      const { size } = await file.stat();
      if (size < needed)
        throw new CommandError(`${path} ends at ${size} bytes, its shape takes ${needed}; write it anew`);
      return new NpyImages(path, file, begin, count, height, width);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** u8 [height · width] @throws CommandError for an image that is not in the file */
  async image(index: number): Promise<Uint8Array> {
    if (index >= this.count)
      throw new CommandError(`${this.path} has ${this.count} images, and image ${index} is asked for`);
    const size = this.height * this.width;
    return readAt(this.path, this.file, this.begin + index * size, size);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

async function readHeader(path: string, file: FileHandle): Promise<{ begin: number; shape: number[] }> {
  const fail = (reason: string) =>
    new CommandError(`${path} ${reason}; expected images as npm run phantoms writes them, u8 [images, height, width]`);
  const prefix = await readAt(path, file, 0, 12).catch(() => new Uint8Array(12));
  if (String.fromCharCode(...prefix.subarray(0, 6)) !== MAGIC) throw fail('is no file of NumPy');
  const view = new DataView(prefix.buffer, prefix.byteOffset);
  const isFirst = prefix[6] === 1;
  const length = isFirst ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES) throw fail(`has a header of ${length} bytes`);
  const at = isFirst ? 10 : 12;
  const text = new TextDecoder('latin1').decode(await readAt(path, file, at, length));
  const shape = /'shape': \(([\d, ]*)\)/u
    .exec(text)?.[1]
    ?.split(',')
    .flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  if (!/'descr': '[|<]u1'/u.test(text) || !text.includes("'fortran_order': False") || shape?.length !== 3)
    throw fail(`holds ${text.trim().slice(0, 100)}`);
  return { begin: at + length, shape };
}

async function readAt(path: string, file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await onFile(path, file.read(bytes, 0, length, position));
  if (bytesRead < length) throw new CommandError(`${path} ends at ${position + bytesRead} bytes; write it anew`);
  return bytes;
}
