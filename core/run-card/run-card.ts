/** A run card: what `#/bench` measured on one machine. The page shows it, saves it and puts it into a link; `npm run bench -- --import` reads it. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { refuseOtherJson } from '../files/other-file.ts';
import { parseJsonOr } from '../files/parse-json.ts';
import { check, flag, list, object, oneOf, positive, sha256Hex, text, whole } from '../schema/schema.ts';

export const RUN_CARD_FORMAT = 'medgemma-ko-lab/run-card/1';

/** A card of five rounds has about 8 kB. */
export const MAX_RUN_CARD_BYTES = 1_000_000;

/** What the figures were measured on. A software GPU is a program on the CPU. */
export const DEVICE_KINDS = ['gpu', 'software-gpu', 'cpu'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** Stands in the file beside `kind`, for people who read the JSON. */
export const DEVICE_NOTES: Readonly<Record<DeviceKind, string>> = {
  gpu: 'hardware GPU',
  'software-gpu': 'software GPU: says nothing about GPUs',
  cpu: 'CPU without GPU: says nothing about GPUs',
};

export const RUN_LENGTHS = ['quick', 'full', 'custom'] as const;
export type RunLength = (typeof RUN_LENGTHS)[number];

/** Our engine as the chat runs it. */
export const OURS = 'medgemma-ko-lab';
export const PEER = 'transformers.js';
/** Our engine with the other choice of graph capture than the chat takes on the device. */
export const CAPTURE_OFF = `${OURS} (graph capture off)`;
export const CAPTURE_ON = `${OURS} (graph capture on)`;

const MAX_TOKENS = 1_000_000;

const answerSchema = object({
  /** Prompt and new tokens together. */
  contextTokens: whole(1, MAX_TOKENS),
  promptTokens: whole(1, MAX_TOKENS),
  newTokens: whole(1, MAX_TOKENS),
  firstTokenMilliseconds: positive(),
  prefillTokensPerSecond: positive(),
  decodeTokensPerSecond: positive(),
});
export type CardAnswer = v.InferOutput<typeof answerSchema>;

const roundSchema = object({
  /** From the start of the worker to the end of a first short answer, kernels compiled; the files were on this machine. */
  loadMilliseconds: positive(),
  /** Bytes of GPU buffers after the round's last answer, and the most at any time; missing on the CPU. */
  gpuLiveBytes: v.optional(whole(0)),
  gpuPeakBytes: v.optional(whole(0)),
  /** Linear memory of WebAssembly. */
  wasmBytes: whole(0),
  answers: list(answerSchema, 16),
  /** The question with one image; missing where the package has no vision. */
  image: v.optional(object({ promptTokens: whole(1, MAX_TOKENS), firstTokenMilliseconds: positive() })),
});
export type CardRound = v.InferOutput<typeof roundSchema>;

const engineSchema = object({
  /** `medgemma-ko-lab`, `transformers.js`, or one of them with a configuration: `medgemma-ko-lab (graph capture off)`. */
  engine: text(100),
  version: text(100),
  /** Missing if it ran; else why it did not. */
  failure: v.optional(text(1000)),
  /** Finished rounds, in order: the n-th of each engine were measured one after the other. */
  rounds: list(roundSchema, 100),
});
export type CardEngine = v.InferOutput<typeof engineSchema>;

const agreementSchema = object({
  contextTokens: whole(1, MAX_TOKENS),
  /** Compared with the first engine of the card, over all rounds. */
  engine: text(100),
  comparedTokens: whole(0, MAX_TOKENS),
  /** Place of the first new token that differs, from 1; missing if all are the same. */
  firstDifference: v.optional(whole(1, MAX_TOKENS)),
});
export type CardAgreement = v.InferOutput<typeof agreementSchema>;

const rooflineSchema = object({
  /** Read by a kernel that does nothing else, the best of its passes. */
  bytesPerSecond: positive(),
  points: list(
    object({
      contextTokens: whole(1, MAX_TOKENS),
      /** Decoder weights as stored, and keys and values that a token looks at. */
      bytesPerToken: positive(),
    }),
    16,
  ),
});
export type CardRoofline = v.InferOutput<typeof rooflineSchema>;

const runCardSchema = object({
  format: oneOf([RUN_CARD_FORMAT]),
  /** ISO 8601. */
  created: v.pipe(
    text(40),
    v.check((given) => !Number.isNaN(Date.parse(given)), 'a date in ISO 8601'),
  ),
  model: object({
    name: text(300),
    /** Of manifest.json, which holds the hash of every file; missing for packages without one. */
    manifestSha256: v.optional(sha256Hex()),
    decoder: text(30),
    vision: v.optional(text(30)),
    parameters: v.optional(whole(0)),
    randomWeights: flag(),
  }),
  device: object({
    kind: oneOf(DEVICE_KINDS),
    note: text(200),
    /** As the browser names it; empty on the CPU. */
    adapter: text(300),
    browser: text(200),
    system: text(200),
    processors: v.optional(whole(1, 100_000)),
  }),
  versions: object({ lab: text(60), onnxruntimeWeb: text(100), transformersJs: text(60) }),
  settings: object({
    length: oneOf(RUN_LENGTHS),
    rounds: whole(1, 100),
    newTokens: whole(2, MAX_TOKENS),
    contexts: v.pipe(list(whole(1, MAX_TOKENS), 16), v.minLength(1, 'a list of at least one')),
    /** False if the run was stopped or an engine failed: fewer rounds than asked for. */
    isComplete: flag(),
  }),
  engines: v.pipe(list(engineSchema, 8), v.minLength(1, 'a list of at least one')),
  agreement: list(agreementSchema, 128),
  roofline: v.optional(rooflineSchema),
});

export type RunCard = v.InferOutput<typeof runCardSchema>;

/**
 * @param file name for messages
 * @throws FailureError file-broken that names the field; OtherFileError if the JSON is of another kind
 */
export function parseRunCard(json: unknown, file: string): RunCard {
  refuseOtherJson(json, file, 'runCard');
  return check(runCardSchema, json, (reason) => new FailureError('file-broken', { file, reason }));
}

/** As `parseRunCard` for the text of a file. @throws FailureError file-broken for what is not JSON; OtherFileError */
export function readRunCard(bytes: Uint8Array | string, file: string): RunCard {
  const broken = (cause: unknown) => new FailureError('file-broken', { file, reason: 'not JSON' }, { cause });
  return parseRunCard(parseJsonOr(bytes, { file, wanted: 'runCard', broken }), file);
}
