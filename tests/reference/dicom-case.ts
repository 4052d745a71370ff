import * as v from 'valibot';
import { bytesOf } from './image-case.ts';

const schema = v.record(
  v.string(),
  v.object({
    file: v.string(),
    views: v.array(v.object({ rendering: v.string(), frame: v.number(), rgb: v.string() })),
    tolerance: v.optional(v.number(), 0),
  }),
);

/** The parsed dicom.json of `dicom_kinds.py` with its base64 as bytes, for Node and the browser. */
export function bytesOfDicomCases(json: unknown) {
  return Object.entries(v.parse(schema, json)).map(([name, { file, views, tolerance }]) => ({
    name,
    tolerance,
    file: bytesOf(file),
    views: views.map(({ rgb, ...view }) => ({ ...view, rgb: bytesOf(rgb) })),
  }));
}
