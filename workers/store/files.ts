/** A package of files that were picked or dropped. */
import type { PackageSource } from '#core/protocol/engine.ts';
import { FailureError } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import { KIND_BYTES } from '#core/files/kind.ts';
import { refuseOther } from '#core/files/other-file.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { firstNames, MANIFEST, MAX_MANIFEST_BYTES, parseFileTable } from '#core/protocol/manifest.ts';
import type { PackageReader } from './reader.ts';

/**
 * The files are read in place. Their sizes are compared with the manifest, so an incomplete copy is detected; hashes are not
 * computed: that would read gigabytes from a USB stick at every start.
 */
export async function openFiles(source: Extract<PackageSource, { type: 'files' }>): Promise<PackageReader> {
  const files = new Map(source.files.map(({ path, blob }) => [path, blob]));
  /** A copy of the package may have lost the second name of a file: the same bytes stand under another. */
  let first: ReadonlyMap<string, string> = new Map();
  const lookUp = (path: string) => {
    const name = first.get(path);
    const names = [path, ...[...first.keys()].filter((other) => name !== undefined && first.get(other) === name)];
    return names.map((each) => files.get(each)).find((blob) => blob !== undefined);
  };
  const find = (path: string): Blob => {
    const blob = lookUp(path);
    if (!blob) throw new FailureError('file-missing', { file: path });
    // The protocol says BlobLike, but only real Blobs can be posted to a worker, and only they can be streamed.
    if (!(blob instanceof Blob)) throw new FailureError('file-broken', { file: path, reason: 'not a Blob' });
    return blob;
  };
  const table = files.has(MANIFEST)
    ? parseFileTable(parseJson(await readable(find(MANIFEST), MANIFEST, MAX_MANIFEST_BYTES), MANIFEST))
    : undefined;
  if (table) first = firstNames(table.files);
  return {
    name: source.name,
    has: (path) => Promise.resolve(lookUp(path) !== undefined),
    list: () => [...files.keys()].sort(),
    head: async (path) => new Uint8Array(await find(path).slice(0, KIND_BYTES).arrayBuffer()),
    // async, so that an error of `find` becomes a rejection.
    async blob(path) {
      const blob = find(path);
      const size = table?.files.get(path)?.size ?? blob.size;
      if (blob.size !== size)
        throw new FailureError('file-broken', { file: path, reason: `${blob.size} bytes, not ${size}` });
      return blob;
    },
  };
}

async function readable(blob: Blob, file: string, limit: number): Promise<string> {
  if (blob.size > limit) {
    refuseOther(new Uint8Array(await blob.slice(0, KIND_BYTES).arrayBuffer()), file, 'json');
    throw new FailureError('too-large', { file, bytes: blob.size, limit });
  }
  try {
    return await blob.text();
  } catch (cause) {
    throw fileGone(file, cause);
  }
}
