import * as v from 'valibot';

const schema = v.record(
  v.string(),
  v.object({
    file: v.string(),
    width: v.number(),
    height: v.number(),
    rgb: v.string(),
    tolerance: v.optional(v.number(), 0),
  }),
);

/** The parsed kinds.json with its base64 as bytes, for Node and the browser. */
export function bytesOfCases(json: unknown) {
  return Object.entries(v.parse(schema, json)).map(([name, { file, rgb, ...rest }]) => ({
    name,
    file: bytesOf(file),
    rgb: bytesOf(rgb),
    ...rest,
  }));
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
