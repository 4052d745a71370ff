/** What the hub's API says of a repository: `/api/models/OWNER/NAME/revision/REVISION?blobs=true`. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { check, list, object, sha256Hex, text, whole } from '../schema/schema.ts';

const schema = object({
  /** Commit. */
  sha: text(100),
  siblings: list(
    object({
      rfilename: text(1000),
      size: v.optional(whole(0)),
      lfs: v.optional(v.nullable(object({ sha256: v.optional(sha256Hex()) }))),
    }),
    100_000,
  ),
});

export interface Repository {
  /** Commit: what is read under it never changes. */
  revision: string;
  files: ReadonlyMap<string, { size: number | undefined; sha256: string | undefined }>;
}

/** @throws FailureError file-broken that names the field */
export function readRepository(json: unknown, repository: string): Repository {
  const { sha, siblings } = check(
    schema,
    json,
    (reason) => new FailureError('file-broken', { file: repository, reason }),
  );
  return {
    revision: sha,
    files: new Map(siblings.map(({ rfilename, size, lfs }) => [rfilename, { size, sha256: lfs?.sha256 }])),
  };
}
