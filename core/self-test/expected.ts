/** What a model must answer on every device: `selfTest` of `manifest.json`. The exporter computes it on the CPU in float32. */
import * as v from 'valibot';
import { list, object, whole } from '../schema/schema.ts';

const MAX_PROMPT = 256;
const MAX_STEPS = 32;
const MAX_VALUES = 1024;

const number = v.pipe(v.number('a number'), v.finite('a number'));
const values = () => v.pipe(list(number, MAX_VALUES), v.minLength(2, 'a list of at least two numbers'));

export const selfTestSchema = object({
  /** Token ids of a short text prompt. */
  prompt: v.pipe(list(whole(0), MAX_PROMPT), v.minLength(1, 'a list of at least one id')),
  /** Greedy choices after it; each is given to the model before the next, also where it would have chosen another. */
  tokens: v.pipe(list(whole(0), MAX_STEPS), v.minLength(1, 'a list of at least one id')),
  /** The vocabulary ids whose logits are in `logits`. */
  logitIds: v.pipe(list(whole(0), MAX_VALUES), v.minLength(2, 'a list of at least two ids')),
  /** One row for each of `tokens`: the logits it was chosen from, at `logitIds`. */
  logits: list(values(), MAX_STEPS),
  /** Of the test image (`test-image.ts`); missing in text-only packages. */
  image: v.optional(
    object({
      /** Features at places that `sampled` gives, of float32 [tokens, hidden] read as one list. */
      features: values(),
      /** Token ids of a prompt with the image; those of the image itself are 0. */
      prompt: v.pipe(list(whole(0), MAX_VALUES), v.minLength(1, 'a list of at least one id')),
      /** Where the image's tokens begin in `prompt`. */
      start: whole(0),
      /** Logits after the prompt, at `logitIds`. */
      logits: values(),
      /** How different they are where all features are 0. */
      effect: v.pipe(number, v.minValue(0, 'a number of at least 0')),
    }),
  ),
});

export type SelfTest = v.InferOutput<typeof selfTestSchema>;

/** What is wrong with values that each have the right form; undefined if nothing is. */
export function selfTestProblem({ tokens, logitIds, logits, image }: SelfTest): string | undefined {
  if (logits.length !== tokens.length) return 'selfTest.logits has not one row for each of selfTest.tokens';
  if ([...logits, ...(image ? [image.logits] : [])].some((row) => row.length !== logitIds.length))
    return 'a row of logits in selfTest has not one value for each of selfTest.logitIds';
  return undefined;
}

/** What is wrong with its ids for a vocabulary of this size; undefined if nothing is. */
export function unknownIds({ prompt, tokens, logitIds, image }: SelfTest, vocabularySize: number): string | undefined {
  const beyond = [...prompt, ...tokens, ...logitIds, ...(image?.prompt ?? [])].find((id) => id >= vocabularySize);
  return beyond === undefined ? undefined : `selfTest names the id ${beyond}, and the vocabulary has ${vocabularySize}`;
}
