/** Lets the model answer questions, token by token, and asks how likely it found the right answers. */
import { commonPrefix, type ImagePrompt } from '#core/chat/chunks.ts';
import type { Pair } from '#core/phantoms/pairs.ts';
import { isRight } from '#core/phantoms/wording.ts';
import { TextStream } from '../../workers/engine/chat/stream.ts';
import { EvaluationError } from './errors.ts';
import type { EvaluatedModel } from './model.ts';
import { prefill } from './prefill.ts';
import type { DecoderRun } from './sessions.ts';

/** What came of one question. */
export interface Outcome {
  kind: string;
  language: string;
  /** Whether the question was about an image. */
  aboutImage: boolean;
  /** What the model said, and the ids of it without the one that ended it. */
  said: string;
  ids: number[];
  right: boolean;
  /** Of the right answer, its end included. */
  tokens: number;
  /** −log of the probability of the right answer, its end included. */
  nats: number;
  /** Of the question's text. */
  promptTokens: number;
}

/** An answer that is twice as long as the right one, and then some, is not going to be it. */
const longestAnswer = (right: number) => 2 * right + 8;

/** A question with all that is known before it is asked. */
interface Asked {
  pair: Pair;
  prompt: ImagePrompt;
  /** The right answer, its end not included. */
  expected: readonly number[];
  /** Tokens after which the answer is broken off. */
  limit: number;
}

/** @param features of the image before each question; undefined: there is none. @throws EvaluationError */
export async function answerAll(
  model: EvaluatedModel,
  pairs: readonly Pair[],
  features: Float32Array | undefined,
): Promise<Outcome[]> {
  const all = pairs.map((pair) => ask(model, pair, features !== undefined));
  const [first] = all;
  if (!first) return [];
  // What all prompts begin with, the image most of all, is computed once.
  const shared = Math.min(...all.map(({ prompt }) => commonPrefix(first.prompt, prompt)));
  const start = await prefill(model.decoder, first.prompt, { from: 0, to: shared, features });
  const outcomes: Outcome[] = [];
  for (const asked of all) {
    const rest = { from: shared, to: asked.prompt.ids.length, features, past: start?.cache };
    const run = await prefill(model.decoder, asked.prompt, rest);
    if (!run) throw new Error('a prompt always has a token that is not shared');
    outcomes.push(await outcomeOf(model, asked, run));
  }
  return outcomes;
}

function ask(model: EvaluatedModel, pair: Pair, hasImage: boolean): Asked {
  const text = { type: 'text', text: pair.question } as const;
  // The blob is never read: the features come from elsewhere.
  const image = { type: 'image', name: '', image: new Blob() } as const;
  const prompt = model.chat.prompt([{ role: 'user', content: hasImage ? [image, text] : [text] }]);
  const expected = encodeWhole(model, pair.answer, pair.language);
  const limit = longestAnswer(expected.length);
  if (prompt.ids.length + limit > model.positions) {
    throw new EvaluationError(
      `the package ends at ${model.positions} tokens, "${pair.question}" and its answer may take ` +
        `${prompt.ids.length + limit}; export with a larger --context`,
    );
  }
  return { pair, prompt: { ...prompt, hashes: prompt.images.map(() => '') }, expected, limit };
}

/** @param run of the whole prompt */
async function outcomeOf(model: EvaluatedModel, asked: Asked, run: DecoderRun): Promise<Outcome> {
  const { pair, prompt, expected, limit } = asked;
  const { kind, language, question, answer } = pair;
  const spoken = await generate(model, prompt, run, limit);
  return {
    ...{ kind, language, aboutImage: prompt.images.length > 0, said: spoken.text, ids: spoken.ids },
    // What does not end is no answer, whatever it began with.
    right: spoken.ended && isRight(spoken.text, answer),
    tokens: expected.length + 1,
    nats: await surprise(model, prompt, run, expected),
    promptTokens: model.chat.tokenizer.encode(question, { special: false }).length,
  };
}

/** @throws EvaluationError where the tokenizer cannot write the text, so that no model could say it */
function encodeWhole({ chat: { tokenizer } }: EvaluatedModel, text: string, language: string): number[] {
  const ids = tokenizer.encode(text, { special: false });
  const written = textOf(tokenizer, ids);
  if (isRight(written, text)) return ids;
  throw new EvaluationError(
    `tokenizer.json cannot write "${text}": what it writes reads "${written}". Is it a tokenizer without this language? ` +
      `Leave "${language}" out of --languages, or evaluate another package`,
  );
}

/** What the page would show of the ids. */
function textOf(tokenizer: EvaluatedModel['chat']['tokenizer'], ids: readonly number[]): string {
  const stream = new TextStream(tokenizer);
  const deltas = [...ids.flatMap((id) => stream.push(id)), ...stream.end()];
  return deltas.map(({ text, thought }) => (thought ? '' : text)).join('');
}

/** The likeliest token, again and again. */
async function generate(
  { decoder, endTokens, chat }: EvaluatedModel,
  prompt: ImagePrompt,
  asked: DecoderRun,
  limit: number,
): Promise<{ ids: number[]; text: string; ended: boolean }> {
  const ids: number[] = [];
  const mask = [...prompt.mask];
  let next = likeliest(asked.logits);
  for (let run = asked; !endTokens.has(next) && ids.length < limit; next = likeliest(run.logits)) {
    ids.push(next);
    mask.push(1);
    run = await decoder.runTokens([next], { mask, past: run.cache });
  }
  return { ids, text: textOf(chat.tokenizer, ids), ended: endTokens.has(next) };
}

/** −log of the probability of the answer and its end, each token behind the right ones before it. */
async function surprise(
  { decoder, endOfTurn }: EvaluatedModel,
  prompt: ImagePrompt,
  asked: DecoderRun,
  answer: readonly number[],
): Promise<number> {
  const vocabulary = asked.logits.length;
  const mask = [...prompt.mask, ...answer.map(() => 1)];
  const { logits } = await decoder.runTokens(answer, { mask, past: asked.cache, keep: 0 });
  const nats = [...answer, endOfTurn].reduce((sum, id, at) => {
    const row = at === 0 ? asked.logits : logits.subarray((at - 1) * vocabulary, at * vocabulary);
    return sum - logProbability(row, id);
  }, 0);
  if (!Number.isFinite(nats)) throw new EvaluationError('the decoder gives logits that are no numbers: it is broken');
  return nats;
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
