/** Which turns are sent to the teaching model, and how its answers about phantoms are judged. */
import { judge, type Shown } from '#core/phantoms/verdict.ts';
import type { Teaches } from '#core/protocol/manifest.ts';
import type { Phantom } from '#core/phantoms/phantom.ts';
import type { Language } from '#core/phantoms/question.ts';
import { recognize } from '#core/phantoms/wording.ts';
import type { Lesson, Turn } from './turn.ts';

/** Undefined for other models: they word answers differently and are not judged. */
export function lessonOf(teaches: Teaches | undefined): Lesson | undefined {
  return teaches === 'phantoms' ? { turns: lessonTurns, judge: judgeLast } : undefined;
}

function judgeLast(turns: readonly Turn[], answer: string) {
  const last = turns.at(-1);
  return last && judge(last.text, answer, shownTo(turns));
}

/** Questions of the longest conversation in its training data (`questions` in training/teaching/data.py). */
const MAX_QUESTIONS = 3;

/**
 * The turns to send, the last one among them. The teaching model learnt conversations of up to three questions in one
 * language about the image in front of the first, and single questions that need none. So earlier
 * turns are sent only where they are of that kind, and the image precedes the first of them.
 */
export function lessonTurns(turns: readonly Turn[]): Turn[] {
  const last = turns.at(-1);
  if (!last) return [];
  if (last.images.length > 0) return [last];
  const shownAt = turns.findLastIndex(({ images }) => images.length > 0);
  const shown = turns[shownAt];
  if (!shown || needsNoImage(last.text)) return [last];
  let lesson: Turn[] = [];
  for (const turn of turns.slice(shownAt)) {
    if (needsNoImage(turn.text)) continue;
    const [first] = lesson;
    if (!first || lesson.length === MAX_QUESTIONS || languageOf(first.text) !== languageOf(turn.text)) {
      lesson = [{ ...turn, images: shown.images }];
    } else {
      lesson.push(turn);
    }
  }
  return lesson;
}

/** The phantom that the last question is about. */
export function shownTo(turns: readonly Pick<Turn, 'images'>[]): Shown<Phantom> {
  const images = turns.findLast((turn) => turn.images.length > 0)?.images ?? [];
  const [first, second] = images;
  if (!first) return 'nothing';
  return second === undefined && first.phantom ? first.phantom : 'unknown';
}

/** Texts of the questions since a phantom was shown. */
export function questionsAbout(phantom: Phantom, turns: readonly Pick<Turn, 'text' | 'images'>[]): string[] {
  const from = turns.findIndex(({ images }) => images.some((image) => image.phantom === phantom));
  return from < 0 ? [] : turns.slice(from).map(({ text }) => text);
}

function needsNoImage(text: string): boolean {
  const kind = recognize(text)?.question.kind;
  return kind === 'talk' || kind === 'limits';
}

function languageOf(text: string): Language {
  return recognize(text)?.language ?? (/\p{Script=Hangul}/u.test(text) ? 'ko' : 'en');
}
