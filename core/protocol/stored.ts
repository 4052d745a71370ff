/** The records that the store keeps of packages in the browser's file system. */
import * as v from 'valibot';
import { check, flag, object, text, whole } from '../schema/schema.ts';

const packageSchema = object({
  /** Where it was downloaded from, ending in "/"; missing for a package that was copied from a folder. */
  url: v.optional(text(10_000)),
  /** Folder name, or the last part of the address; the manifest's name comes first. */
  name: text(1000),
  /** When it was last opened or copied, ISO 8601. */
  used: text(100),
});

export type PackageRecord = v.InferOutput<typeof packageSchema>;

const fileSchema = object({
  path: text(1000),
  /** Id of its bytes in the store. */
  blob: text(100),
  size: whole(0),
  chunkSize: whole(1),
  /** ETag or Last-Modified of the server; missing if it sent neither, and for a file that was copied. */
  version: v.optional(text(1000)),
  complete: flag(),
});

/** A file of a package without a manifest. */
export type FileRecord = v.InferOutput<typeof fileSchema>;

/** Undefined if a crash left the record unreadable. */
export const parsePackageRecord = (json: string): PackageRecord | undefined => parsed(packageSchema, json);
export const parseFileRecord = (json: string): FileRecord | undefined => parsed(fileSchema, json);

class BrokenRecord extends Error {}

function parsed<Output>(schema: v.GenericSchema<unknown, Output>, json: string): Output | undefined {
  try {
    return check(schema, JSON.parse(json), (reason) => new BrokenRecord(reason));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BrokenRecord) return undefined;
    throw error;
  }
}
