/** A process of an evaluation: answers the groups of questions that it is sent the numbers of. `evaluate.ts` starts it. */
import { answerAll, type Outcome } from './answer.ts';
import { EvaluationError } from './errors.ts';
import { openModel, type EvaluatedModel } from './model.ts';
import { groupAt, type QuestionSet } from './questions.ts';

export type ToChild =
  /** First of all. */
  { type: 'open'; folder: string; set: QuestionSet } | { type: 'ask'; group: number };

export type FromChild =
  /** Asks for the number of the first group. */
  | { type: 'ready' }
  | { type: 'outcomes'; group: number; outcomes: Outcome[] }
  /** `expected` errors are told to people as they are. */
  | { type: 'failed'; message: string; expected: boolean };

const tell = (message: FromChild) => process.send?.(message);
let opened: { model: EvaluatedModel; set: QuestionSet } | undefined;
// The same grey stands for every image: it is looked at once.
let blank: Promise<Float32Array | undefined> | undefined;

async function answer(message: ToChild): Promise<void> {
  if (message.type === 'open') {
    opened = { model: await openModel(message.folder, 1), set: message.set };
    tell({ type: 'ready' });
    return;
  }
  if (!opened) throw new Error('asked before the package was opened');
  const { model, set } = opened;
  const { pairs, pixels } = groupAt(set, message.group);
  const look = async () => pixels && model.look(pixels);
  const features = await (pixels && set.blank !== undefined ? (blank ??= look()) : look());
  tell({ type: 'outcomes', group: message.group, outcomes: await answerAll(model, pairs, features) });
}

process.on('message', (message: ToChild) => {
  answer(message).catch((error: unknown) => {
    const expected = error instanceof EvaluationError;
    const text = error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error);
    tell({ type: 'failed', message: text, expected });
  });
});
// Ctrl-C reaches children too; the parent says when to stop.
process.on('SIGINT', () => undefined);
// Nobody is left to tell.
process.on('disconnect', () => process.exit());
