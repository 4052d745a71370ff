/** A package on a server that breaks off and holds back, with small chunks, so that a download of megabytes is one of many. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { packageFolder, type PackageName } from './packages.ts';

const CHUNK_BYTES = 64 * 1024;

/** What becomes of the next answer with the weights. `hold`: no more comes, and the line stays open. */
export type Fault = { after: number; then: 'cut' | 'hold' };

export class FaultyPackage {
  /** Bytes that were sent of the weights, and from where, in the order of the requests. */
  readonly sent: { from: number; bytes: number }[] = [];
  /** One fault for each answer with the weights; then none. */
  readonly faults: Fault[];
  /** Path of the decoder's weights. */
  readonly weights = 'onnx/decoder_model_merged_q4.onnx_data';
  readonly #files: ReadonlyMap<string, Buffer>;
  #held: IncomingMessage | undefined;

  private constructor(files: ReadonlyMap<string, Buffer>, faults: Fault[]) {
    this.#files = files;
    this.faults = faults;
  }

  static async read(name: PackageName, faults: Fault[]): Promise<FaultyPackage> {
    const folder = packageFolder(name);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const nameOf = (path: string) => path.slice(folder.length + 1).replaceAll('\\', '/');
    const files = new Map<string, Buffer>();
    for (const path of paths) files.set(nameOf(path), await readFile(path));
    const manifest: unknown = JSON.parse(String(files.get('manifest.json')));
    const listed = Object.entries<object>(Object(Object(manifest).files));
    const chunked = listed.map(([path, entry]) => [path, { ...entry, chunks: chunksOf(files.get(path)) }]);
    const json = { ...Object(manifest), chunkSize: CHUNK_BYTES, files: Object.fromEntries(chunked) };
    files.set('manifest.json', Buffer.from(JSON.stringify(json)));
    return new FaultyPackage(files, faults);
  }

  get weightsBytes(): number {
    return this.#files.get(this.weights)?.length ?? 0;
  }

  /** Cuts the line that was held last. */
  cutHeld(): void {
    this.#held?.socket.destroy();
  }

  /** @returns false if the package has no such file */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const bytes = this.#files.get(path);
    if (!bytes) return false;
    const [, first, last] = /^bytes=(\d+)-(\d*)$/u.exec(request.headers.range ?? '') ?? [];
    const from = Number(first ?? 0);
    const body = bytes.subarray(from, last ? Number(last) + 1 : bytes.length);
    const fault = path === this.weights && request.method === 'GET' ? this.faults.shift() : undefined;
    response.writeHead(first === undefined ? 200 : 206, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': body.length,
      ETag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`,
      ...(first !== undefined && { 'Content-Range': `bytes ${from}-${from + body.length - 1}/${bytes.length}` }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return true;
    }
    const sent = fault ? body.subarray(0, fault.after) : body;
    if (path === this.weights) this.sent.push({ from, bytes: sent.length });
    if (!fault) response.end(sent);
    // The bytes must be on their way before the line is cut.
    else
      response.write(sent, () => {
        if (fault.then === 'hold') this.#held = request;
        else setTimeout(() => request.socket.destroy(), 200);
      });
    return true;
  }
}

function chunksOf(bytes: Uint8Array = new Uint8Array()): string[] {
  return Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, at) =>
    createHash('sha256')
      .update(bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES))
      .digest('hex'),
  );
}
