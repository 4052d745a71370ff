/** The answers that `npm run record-opening` recorded, as scenes. */
import { LANGUAGES, type Language } from '#core/phantoms/question.ts';
import { recordedRate } from '#core/phantoms/recording.ts';
import { judge } from '#core/phantoms/verdict.ts';
import { drawnPhantom } from '../../../chat/phantoms.ts';
import recording from './recording.json' with { type: 'json' };
import type { Answered, Scene } from './scene.ts';

const answersIn = Object.fromEntries(
  LANGUAGES.map((language) => [language, recording.answers.filter((answer) => answer.language === language)]),
);

/** @param round which one: after the last comes the first */
export function recordedScene(language: Language, round: number): { scene: Scene; answer: Answered } {
  const answers = answersIn[language] ?? [];
  const recorded = answers[round % answers.length];
  if (!recorded) throw new RangeError(`no answer is recorded in ${language}`);
  const { set, index, question, tokens } = recorded;
  const drawn = drawnPhantom(set, index);
  const text = tokens.map((token) => token.text).join('');
  return {
    scene: { drawn, language, question, source: 'recorded' },
    answer: {
      ...{ text, tokens: tokens.length, verdict: judge(question, text, drawn.phantom) },
      firstTokenMilliseconds: tokens[0]?.milliseconds,
      tokensPerSecond: recordedRate(tokens),
    },
  };
}
