/** A child process of an evaluation. `evaluate.ts` starts it and sends it the numbers of the groups to answer. */
import { userMessage } from '../shared/errors.ts';
import { answerAll, type Outcome } from './answer.ts';
import { openModel, type EvaluatedModel } from './model.ts';
import { groupAt, type QuestionSet } from './questions.ts';

export type ToChild =
  /** The first message. */
  { type: 'open'; folder: string; set: QuestionSet } | { type: 'ask'; group: number };

export type FromChild =
  /** The package is open; the first group may be sent. */
  | { type: 'ready' }
  | { type: 'outcomes'; group: number; outcomes: Outcome[] }
  /** `expected`: a person can act on the message; otherwise it is the stack of a defect. */
  | { type: 'failed'; message: string; expected: boolean };

const tell = (message: FromChild) => process.send?.(message);
let opened: { model: EvaluatedModel; set: QuestionSet } | undefined;
// With --blank all images are the same, so the features are computed once.
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
  const encodeImage = async () => pixels && model.encodeImage(pixels);
  const features = await (pixels && set.blank !== undefined ? (blank ??= encodeImage()) : encodeImage());
  tell({ type: 'outcomes', group: message.group, outcomes: await answerAll(model, pairs, features) });
}

process.on('message', (message: ToChild) => {
  answer(message).catch((error: unknown) => {
    const message = userMessage(error);
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell({ type: 'failed', message: message ?? stack, expected: message !== undefined });
  });
});
// A terminal sends Ctrl-C to children too; the parent decides when they end.
process.on('SIGINT', () => undefined);
// The parent has ended.
process.on('disconnect', () => process.exit());
