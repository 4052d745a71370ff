import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ByteSource } from '#core/bytes.ts';
import { CommandError, onFile } from './errors.ts';

/** A file on disk as a ByteSource. */
export class FileSource implements ByteSource {
  private constructor(
    readonly path: string,
    readonly name: string,
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  /**
   * @param name for messages: the path in its folder
   * @throws CommandError for a folder, a system error for a file that cannot be opened
   */
  static async open(path: string, name = basename(path)): Promise<FileSource> {
    const handle = await open(path, 'r');
    try {
      const found = await onFile(path, handle.stat());
      if (found.isDirectory()) throw new CommandError(`${path} is a folder, not a file; name a file`);
      return new FileSource(path, name, found.size, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await onFile(this.path, this.handle.read(bytes, done, length - done, offset + done));
      if (bytesRead === 0) {
        throw new CommandError(
          `${this.path} ends at byte ${offset + done}, before byte ${offset + length}; it was cut short: copy it again`,
        );
      }
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
