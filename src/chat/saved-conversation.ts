/** A conversation as it lies on the disk. What is read back may be of another version of the page, or damaged. */
import * as v from 'valibot';
import type { FailureCode } from '#core/failure.ts';
import { isFailureCode } from './failure-actions.ts';

/** Increased when a change makes older pages misread newer records. */
export const SAVED_VERSION = 1;

/** `key` finds the bytes; a phantom has none, since its number (`name`) draws it again. */
const image = v.variant('type', [
  v.object({ type: v.literal('phantom'), name: v.string() }),
  v.object({
    type: v.literal('blob'),
    name: v.string(),
    key: v.string(),
    notes: v.array(
      v.variant('code', [
        v.object({ code: v.literal('sixteen-bits'), bits: v.number() }),
        v.object({ code: v.picklist(['first-frame', 'transparency']) }),
      ]),
    ),
    caption: v.undefinedable(v.string()),
  }),
]);

const figures = v.object({
  prefillTokens: v.number(),
  cachedTokens: v.number(),
  prefillMilliseconds: v.number(),
  timeToFirstTokenMilliseconds: v.undefinedable(v.number()),
  imageMilliseconds: v.number(),
  newTokens: v.number(),
  decodeTokensPerSecond: v.undefinedable(v.number()),
  promptLookup: v.optional(v.object({ runs: v.number(), drafted: v.number(), accepted: v.number() })),
});

const answer = v.object({
  modelName: v.string(),
  randomWeights: v.boolean(),
  teaches: v.undefinedable(v.literal('phantoms')),
  seed: v.undefinedable(v.number()),
  text: v.string(),
  thought: v.string(),
  state: v.picklist(['done', 'stopped', 'failed']),
  reason: v.undefinedable(v.picklist(['end', 'length', 'context-full'])),
  failure: v.undefinedable(
    v.object({
      code: v.custom<FailureCode>((code) => typeof code === 'string' && isFailureCode(code)),
      detail: v.record(v.string(), v.union([v.string(), v.number()])),
    }),
  ),
  turn: v.undefinedable(figures),
  verdict: v.undefinedable(v.object({ right: v.boolean(), answer: v.string(), language: v.picklist(['ko', 'en']) })),
});

const savedConversation = v.object({
  version: v.literal(SAVED_VERSION),
  /** Milliseconds since 1970. */
  savedAt: v.number(),
  draft: v.string(),
  /** Images that wait for the next question. */
  attached: v.array(image),
  exchanges: v.array(v.object({ text: v.string(), images: v.array(image), leftOut: v.boolean(), answer })),
});

export type SavedConversation = v.InferOutput<typeof savedConversation>;
export type SavedImage = v.InferOutput<typeof image>;
export type SavedAnswer = v.InferOutput<typeof answer>;

/** `newer`: another tab runs, or has run, a newer version of the page. */
export type ReadSaved = { type: 'ok'; saved: SavedConversation } | { type: 'newer' } | { type: 'broken' };

export function readSaved(stored: unknown): ReadSaved {
  const result = v.safeParse(savedConversation, stored);
  if (result.success) return { type: 'ok', saved: result.output };
  const { success, output } = v.safeParse(v.object({ version: v.number() }), stored);
  return { type: success && output.version > SAVED_VERSION ? 'newer' : 'broken' };
}

export function isEmpty({ draft, attached, exchanges }: SavedConversation): boolean {
  return draft === '' && attached.length === 0 && exchanges.length === 0;
}
