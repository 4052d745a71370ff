/** What the store keeps of a package that is being made: enough to go on after a crash. */
import * as v from 'valibot';
import { ROW_INITS } from '../embedding/new-row.ts';
import { DTYPES } from '../gemma3/dtype.ts';
import { QUANT_METHODS } from '../quant/settings.ts';
import { check, flag, list, object, oneOf, record, sha256Hex, text, whole } from '../schema/schema.ts';

const entry = object({ size: whole(0), sha256: sha256Hex(), chunks: list(sha256Hex(), 1_000_000) });

const makingSchema = object({
  /** Where the checkpoint comes from; a folder that was picked has to be picked again. */
  source: v.variant('type', [
    v.object({ type: v.literal('hub'), endpoint: text(10_000), repository: text(1000), revision: text(1000) }),
    v.object({ type: v.literal('url'), url: text(10_000) }),
    v.object({ type: v.literal('files'), name: text(1000) }),
  ]),
  options: object({
    name: text(1000),
    dtype: oneOf(DTYPES),
    method: oneOf(QUANT_METHODS),
    context: whole(1),
    korean: v.optional(object({ url: text(10_000), init: oneOf(ROW_INITS), untie: flag() })),
    adapter: v.optional(object({ name: text(1000), strength: v.pipe(v.number('a number'), v.finite('a number')) })),
    notice: text(100_000),
  }),
  /** Of what will be written: a page of another version may write other bytes. */
  plan: sha256Hex(),
  totalBytes: whole(0),
  /** Commit of a repository. */
  revision: v.optional(text(1000)),
  /** Version (ETag, Last-Modified, size) of each file that was opened. */
  versions: record(text(10_000), 100_000),
  /** Finished files. `blob`: the bytes in the store. */
  finished: list(object({ path: text(1000), blob: text(100), entry }), 100_000),
  /** The file that is being written, whole weights only, and the id of its bytes meanwhile. */
  growing: v.optional(object({ path: text(1000), blob: text(100), bytes: whole(0), sha256: sha256Hex() })),
});

export type Making = v.InferOutput<typeof makingSchema>;

class BrokenMaking extends Error {}

/** Undefined if a crash left it unreadable. */
export function parseMaking(json: string): Making | undefined {
  try {
    return check(makingSchema, JSON.parse(json), (reason) => new BrokenMaking(reason));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BrokenMaking) return undefined;
    throw error;
  }
}

/** Bytes of the package that are in the store; a file with two names counts once. */
export function madeBytes({ finished, growing }: Making): number {
  const sizes = new Map(finished.map(({ blob, entry }) => [blob, entry.size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0) + (growing?.bytes ?? 0);
}
