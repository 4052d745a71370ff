import { expect, it } from 'vitest';
import { drawExample } from '#core/phantoms/examples.ts';
import { textPairs, type Pair } from '#core/phantoms/pairs.ts';
import { answerAll } from '../../../cli/evaluate/answer.ts';
import { scriptedModel } from './scripted-model.ts';

const pairs = drawExample('evaluation', 0, 3, 4).pairs;
const image = new Float32Array(4);

/** Says `edit` of the right answer to the question that stands last in the prompt. */
function knows(all: readonly Pair[], edit: (answer: string) => string = (answer) => answer) {
  return (prompt: string) => edit(all.find(({ question }) => prompt.includes(question))?.answer ?? 'I do not know.');
}

it('counts right answers right, about an image and without', async () => {
  const withImage = await answerAll(scriptedModel(knows(pairs)), pairs, image);
  expect(withImage.map(({ answer }) => answer)).toEqual(pairs.map(({ answer }) => answer));
  expect(withImage.map(({ right, aboutImage }) => [right, aboutImage])).toEqual(pairs.map(() => [true, true]));
  const talk = textPairs('ko').slice(0, 6);
  const without = await answerAll(scriptedModel(knows(talk)), talk, undefined);
  expect(without.map(({ right, aboutImage }) => [right, aboutImage])).toEqual(talk.map(() => [true, false]));
});

it.each<[string, (answer: string) => string, boolean]>([
  ['another word', (answer) => answer.replace(/.$/u, '?'), false],
  ['nothing', () => '', false],
  ['the beginning', (answer) => answer.slice(0, -1), false],
  ['more behind it', (answer) => `${answer} ${answer}`, false],
  ['no end', (answer) => `${answer}${' '.repeat(500)}`, false],
  ['what is another question’s answer', () => pairs[0]?.answer ?? '', false],
  ['blanks around it', (answer) => ` ${answer} `, true],
])('with %s', async (_, edit, right) => {
  const asked = pairs.filter(({ answer }) => answer !== pairs[0]?.answer);
  const outcomes = await answerAll(scriptedModel(knows(pairs, edit)), asked, image);
  expect(outcomes.length).toBeGreaterThan(2);
  expect(outcomes.map((outcome) => outcome.right)).toEqual(asked.map(() => right));
});

it('tells how likely the right answers were, whatever was said', async () => {
  const sure = await answerAll(scriptedModel(knows(pairs), 0.8), pairs, image);
  for (const { negativeLogLikelihood, tokens } of sure)
    expect(negativeLogLikelihood / tokens).toBeCloseTo(-Math.log(0.8), 5);
  const model = scriptedModel(() => '!', 0.8);
  const wrong = await answerAll(model, pairs, image);
  const unlikely = -Math.log(0.2 / 511);
  wrong.forEach(({ negativeLogLikelihood, tokens, right }, at) => {
    // Behind any beginning that is not its own the model wants to end: it is surprised by every token but the end.
    const ids = model.chat.tokenizer.encode(pairs[at]?.answer ?? '', { special: false });
    expect(tokens).toBe(ids.length + 1);
    expect(negativeLogLikelihood).toBeCloseTo(ids.length * unlikely - Math.log(0.8), 3);
    expect(right).toBe(false);
  });
});

it('counts the tokens of the question’s text alone', async () => {
  const model = scriptedModel(knows(pairs));
  const outcomes = await answerAll(model, pairs, image);
  expect(outcomes.map(({ promptTokens }) => promptTokens)).toEqual(
    pairs.map(({ question }) => model.chat.tokenizer.encode(question, { special: false }).length),
  );
});

it('computes the image once for all questions about it', async () => {
  const model = scriptedModel(knows(pairs));
  await answerAll(model, pairs, image);
  expect(pairs.length).toBe(8);
  expect(model.computed.filter((id) => id === 500)).toHaveLength(4);
});

it('refuses a tokenizer that cannot write an answer, and a context that is too short for one', async () => {
  const model = scriptedModel(knows(pairs));
  const blind = { encode: () => [5], decode: () => '' };
  const tokenizer = new Proxy(model.chat.tokenizer, {
    get: (target, name) => (name in blind ? Reflect.get(blind, name) : Reflect.get(target, name).bind?.(target)),
  });
  const chat = new Proxy(model.chat, {
    get: (target, name) => (name === 'tokenizer' ? tokenizer : Reflect.get(target, name).bind(target)),
  });
  const korean = pairs.filter(({ language }) => language === 'ko');
  await expect(answerAll({ ...model, chat }, korean, image)).rejects.toThrow(
    /tokenizer\.json cannot write ".+": what it writes reads "".*Leave "ko" out of --languages/,
  );
  await expect(answerAll({ ...model, positions: 40 }, pairs, image)).rejects.toThrow(
    /the package ends at 40 tokens.*export with a larger --context/,
  );
});
