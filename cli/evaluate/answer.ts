/** Generates the answers to questions, and computes the probability that the model gives to the right ones. */
import { commonPrefix, type ImagePrompt } from '#core/chat/chunks.ts';
import type { Pair } from '#core/phantoms/pairs.ts';
import { isRight } from '#core/phantoms/wording.ts';
import { TextStream } from '../../workers/engine/chat/stream.ts';
import { CommandError } from '../shared/errors.ts';
import type { EvaluatedModel } from './model.ts';

/** The result of one question. */
export interface Outcome {
  kind: string;
  language: string;
  /** Whether the question was about an image. */
  aboutImage: boolean;
  /** The model's answer: its text, and its ids without the end token. */
  answer: string;
  ids: number[];
  right: boolean;
  /** Number of tokens of the right answer, end token included. */
  tokens: number;
  /** −ln of the probability of the right answer, end token included. */
  negativeLogLikelihood: number;
  /** Number of tokens of the question's text. */
  promptTokens: number;
}

/** Tokens after which a longer answer counts as wrong. */
const maxAnswerTokens = (right: number) => 2 * right + 8;

/** A question, prepared for the model. */
interface PreparedQuestion {
  pair: Pair;
  prompt: ImagePrompt;
  /** Ids of the right answer, without the end token. */
  expected: readonly number[];
  /** Generation stops after this many tokens. */
  limit: number;
}

/** @param features of the image that the questions are about; undefined without image. @throws CommandError */
export async function answerAll(
  model: EvaluatedModel,
  pairs: readonly Pair[],
  features: Float32Array | undefined,
): Promise<Outcome[]> {
  const all = pairs.map((pair) => prepare(model, pair, features !== undefined));
  const [first] = all;
  if (!first) return [];
  // The common prefix of all prompts, which holds the image, is computed once.
  const shared = Math.min(...all.map(({ prompt }) => commonPrefix(first.prompt, prompt)));
  const outcomes: Outcome[] = [];
  for (const asked of all) {
    model.decoder.truncate(outcomes.length === 0 ? 0 : shared);
    outcomes.push(await outcomeOf(model, asked, await model.decoder.prefill(asked.prompt, features)));
  }
  return outcomes;
}

function prepare(model: EvaluatedModel, pair: Pair, hasImage: boolean): PreparedQuestion {
  const text = { type: 'text', text: pair.question } as const;
  // The blob is never read: the features come from elsewhere.
  const image = { type: 'image', name: '', image: new Blob() } as const;
  const prompt = model.chat.prompt([{ role: 'user', content: hasImage ? [image, text] : [text] }]);
  const expected = encodeWhole(model, pair.answer, pair.language);
  const limit = maxAnswerTokens(expected.length);
  if (prompt.ids.length + limit > model.positions) {
    throw new CommandError(
      `the package ends at ${model.positions} tokens, "${pair.question}" and its answer may take ` +
        `${prompt.ids.length + limit}; export with a larger --context`,
    );
  }
  return { pair, prompt: { ...prompt, hashes: prompt.images.map(() => '') }, expected, limit };
}

/** @param logits after the prompt, which the decoder has computed */
async function outcomeOf(model: EvaluatedModel, asked: PreparedQuestion, logits: Float32Array): Promise<Outcome> {
  const { pair, prompt, expected, limit } = asked;
  const { kind, language, question, answer } = pair;
  const spoken = await generate(model, logits, limit);
  model.decoder.truncate(prompt.ids.length);
  return {
    ...{ kind, language, aboutImage: prompt.images.length > 0, answer: spoken.text, ids: spoken.ids },
    // An answer without an end token is wrong, whatever it begins with.
    right: spoken.ended && isRight(spoken.text, answer),
    tokens: expected.length + 1,
    negativeLogLikelihood: await negativeLogLikelihood(model, logits, expected),
    promptTokens: model.chat.tokenizer.encode(question, { special: false }).length,
  };
}

/** @throws CommandError where the tokenizer cannot encode the text, so that no model could generate it */
function encodeWhole({ chat: { tokenizer } }: EvaluatedModel, text: string, language: string): number[] {
  const ids = tokenizer.encode(text, { special: false });
  const written = textOf(tokenizer, ids);
  if (isRight(written, text)) return ids;
  throw new CommandError(
    `tokenizer.json cannot write "${text}": what it writes reads "${written}". Is it a tokenizer without this language? ` +
      `Leave "${language}" out of --languages, or evaluate another package`,
  );
}

/** The text that the page would show. */
function textOf(tokenizer: EvaluatedModel['chat']['tokenizer'], ids: readonly number[]): string {
  const stream = new TextStream(tokenizer);
  const deltas = [...ids.flatMap((id) => stream.push(id)), ...stream.end()];
  return deltas.map(({ text, thought }) => (thought ? '' : text)).join('');
}

/** Greedy decoding. */
async function generate(
  { decoder, endTokens, chat }: EvaluatedModel,
  logits: Float32Array,
  limit: number,
): Promise<{ ids: number[]; text: string; ended: boolean }> {
  const ids: number[] = [];
  let next = likeliest(logits);
  for (; !endTokens.has(next) && ids.length < limit; next = likeliest(await decoder.run([next]))) ids.push(next);
  return { ids, text: textOf(chat.tokenizer, ids), ended: endTokens.has(next) };
}

/** −ln of the probability of the answer and its end token, with the right tokens before each one. */
async function negativeLogLikelihood(
  { decoder, endOfTurn }: EvaluatedModel,
  asked: Float32Array,
  answer: readonly number[],
): Promise<number> {
  const vocabulary = asked.length;
  const logits = await decoder.run(answer);
  const negativeLogLikelihood = [...answer, endOfTurn].reduce((sum, id, at) => {
    const row = at === 0 ? asked : logits.subarray((at - 1) * vocabulary, at * vocabulary);
    return sum - logProbability(row, id);
  }, 0);
  if (!Number.isFinite(negativeLogLikelihood))
    throw new CommandError(
      'the decoder computes logits that are no numbers (NaN): the package is broken; write it anew with "npm run export"',
    );
  return negativeLogLikelihood;
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? NaN) > (logits[best] ?? NaN)) best = id;
  return best;
}

function logProbability(logits: Float32Array, id: number): number {
  const highest = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - highest);
  return (logits[id] ?? NaN) - highest - Math.log(sum);
}
