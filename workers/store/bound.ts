import type { PackageReader, ReadOptions } from './reader.ts';

/** The same package with default options for calls without options. */
export function boundReader(reader: PackageReader, options: ReadOptions): PackageReader {
  return {
    name: reader.name,
    list: () => reader.list(),
    head: reader.head,
    has: (path, own) => reader.has(path, { ...options, ...own }),
    blob: (path, own) => reader.blob(path, { ...options, ...own }),
  };
}
