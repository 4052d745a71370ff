/** `results.json` of the shipped models: the training and evaluation results that the page shows. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { check, object, record, share, text, whole } from '../schema/schema.ts';

export const RESULTS_FILE = 'results.json';
/** A typical file has 200 kB. */
export const MAX_RESULTS_BYTES = 10_000_000;

const scores = object({ exact_match: share() });

export const trainedAdapterSchema = object({
  /** `core/phantoms/task.ts` */
  task: text(100),
  rank: whole(1, 65_536),
  parameters: whole(0),
  without_adapter: scores,
  with_adapter: scores,
});

const resultsSchema = object({ adapters: record(trainedAdapterSchema, 1000) });

export type TrainedAdapter = v.InferOutput<typeof trainedAdapterSchema>;

/** @throws FailureError file-broken that names the field */
export function parseResults(json: unknown): v.InferOutput<typeof resultsSchema> {
  return check(resultsSchema, json, (reason) => new FailureError('file-broken', { file: RESULTS_FILE, reason }));
}
