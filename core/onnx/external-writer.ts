/** Writes the external data of one graph sequentially, each initializer at its planned offset. */
import type { ExternalFile, ExternalPlace } from './external.ts';

/** An append-only file. */
export interface GrowingFile {
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
}

/** Creates the files of a package. */
export interface GrowingFolder<File extends GrowingFile> {
  /** The caller must call `finishFile` afterwards. */
  createFile(path: string): Promise<File>;
  finishFile(path: string, file: File): Promise<void>;
  /** Gives a finished file a second name. */
  linkFile(path: string, existing: string): Promise<void>;
  /** True for a file that an earlier, broken-off export finished. Default: none. */
  isFinished?(path: string): boolean;
  /** All bytes of a weight are appended: what is there now is what a broken-off export continues from. */
  weightWritten?(): Promise<void>;
}

/** Bytes per write. */
const WRITE_BYTES = 8 * 2 ** 20;

export class ExternalWriter<File extends GrowingFile> {
  private readonly folder: GrowingFolder<File>;
  private readonly queue: { file: ExternalFile; place: ExternalPlace }[];
  private readonly onWrite: (bytes: number) => void;
  private open: { plan: ExternalFile; file: File } | undefined;
  /** The initializer being written, and how many of its bytes are written. */
  private current: ExternalPlace | undefined;
  private done = 0;

  constructor(folder: GrowingFolder<File>, files: readonly ExternalFile[], onWrite: (bytes: number) => void) {
    this.folder = folder;
    this.onWrite = onWrite;
    this.queue = files.flatMap((file) => file.places.map((place) => ({ file, place })));
  }

  /**
   * Leaves out what an earlier, broken-off export wrote: finished files, and the initializers at the beginning of the file that it
   * broke off in. @returns the names of the initializers that are still to be written
   */
  async resume(): Promise<Set<string>> {
    while (this.queue[0] && this.folder.isFinished?.(`onnx/${this.queue[0].file.name}`)) this.queue.shift();
    const next = this.queue[0];
    if (next) {
      this.open = { plan: next.file, file: await this.folder.createFile(`onnx/${next.file.name}`) };
      const { size } = this.open.file;
      let end = 0;
      for (let first = this.queue[0]; first?.file === next.file; first = this.queue[0]) {
        if (first.place.offset + first.place.length > size) break;
        end = first.place.offset + first.place.length;
        this.queue.shift();
      }
      if (end !== size) throw new Error(`onnx/${next.file.name} has ${size} bytes, which end inside an initializer`);
    }
    return new Set(this.queue.map(({ place }) => place.name));
  }

  async append(initializer: string, bytes: Uint8Array): Promise<void> {
    if (this.current?.name !== initializer) await this.begin(initializer);
    await this.put(bytes);
  }

  /** @throws Error if an initializer is incomplete */
  async finish(): Promise<void> {
    await this.skipToCheckpoint();
    const next = this.queue[0];
    if (next) throw new Error(`"${next.place.name}" was never written`);
    await this.closeFile();
  }

  private async begin(initializer: string): Promise<void> {
    await this.skipToCheckpoint();
    const next = this.queue.shift();
    if (next?.place.name !== initializer) throw new Error(`"${initializer}" is not next, ${next?.place.name} is`);
    await this.moveTo(next.file, next.place);
  }

  /** Writes constants from the graph up to the next initializer from the checkpoint. */
  private async skipToCheckpoint(): Promise<void> {
    this.checkComplete();
    for (let next = this.queue[0]; next?.place.bytes; next = this.queue[0]) {
      this.queue.shift();
      await this.moveTo(next.file, next.place);
      await this.put(next.place.bytes ?? new Uint8Array());
      this.checkComplete();
    }
  }

  private async moveTo(plan: ExternalFile, place: ExternalPlace): Promise<void> {
    if (this.open?.plan !== plan) {
      await this.closeFile();
      this.open = { plan, file: await this.folder.createFile(`onnx/${plan.name}`) };
    }
    this.current = place;
    this.done = 0;
    const gap = place.offset - this.open.file.size;
    if (gap > 0) await this.write(new Uint8Array(gap));
  }

  private async put(bytes: Uint8Array): Promise<void> {
    const room = (this.current?.length ?? 0) - this.done;
    if (bytes.byteLength > room) throw new Error(`"${this.current?.name}": ${bytes.byteLength} bytes for ${room}`);
    this.done += bytes.byteLength;
    for (let start = 0; start < bytes.byteLength; start += WRITE_BYTES) {
      await this.write(bytes.subarray(start, start + WRITE_BYTES));
    }
  }

  private async write(bytes: Uint8Array): Promise<void> {
    await this.open?.file.append(bytes);
    this.onWrite(bytes.byteLength);
  }

  private async closeFile(): Promise<void> {
    if (!this.open) return;
    await this.folder.finishFile(`onnx/${this.open.plan.name}`, this.open.file);
    this.open = undefined;
  }

  private checkComplete(): void {
    if (this.current && this.done !== this.current.length) {
      throw new Error(`"${this.current.name}" has ${this.done} of ${this.current.length} bytes`);
    }
  }
}
