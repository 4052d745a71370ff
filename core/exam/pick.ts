/** A sample of questions, the same for the same seed. */
import { Random } from '../sampling/random.ts';

/** @returns `count` of the questions, or all, in their own order */
export function pickQuestions<Question>(questions: readonly Question[], count: number, seed: number): Question[] {
  if (count >= questions.length) return [...questions];
  const random = Random.fromSeed(seed);
  const places = questions.map((_, at) => at);
  // Fisher and Yates, the first `count` places.
  for (let at = 0; at < count; at++) {
    const other = at + Math.floor(random.uniform() * (places.length - at));
    [places[at], places[other]] = [places[other] ?? other, places[at] ?? at];
  }
  const picked = new Set(places.slice(0, count));
  return questions.filter((_, at) => picked.has(at));
}
