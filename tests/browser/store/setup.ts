/** What the tests tell the package server, and what it tells them. */

export interface Setup {
  /** Length of each file; its bytes are `contentOf(path, length, seed)`. */
  files: Record<string, number>;
  seed?: number;
  /** Second names of files, each with the name of the file that it is. */
  links?: Record<string, string>;
  /** Serve a manifest with this chunk size; 0: none. */
  chunkSize: number;
  /** Answers with this fault, so many times, then well. */
  faults?: Fault[];
  /** Whole files only. */
  noRanges?: boolean;
  /** Every line is cut before an answer. */
  gone?: boolean;
  /** Neither ETag nor Last-Modified. */
  noVersions?: boolean;
  /** Unknown paths get a start page and status 200. */
  startPage?: boolean;
}

export type Fault = { path: string; times: number } & (
  | { type: 'cut'; after: number }
  | { type: 'hang'; after: number }
  | { type: 'wrong'; at: number }
  | { type: 'status'; status: number }
);

export interface LogEntry {
  method: string;
  path: string;
  range: string | undefined;
  /** Bytes of the file that left the server. */
  sent: number;
}

/** Bytes of a file: the same for the server and the tests. */
export function contentOf(path: string, length: number, seed = 0): Uint8Array<ArrayBuffer> {
  let state = seed + path.length * 7919 + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
