/** The texts of a training as token ids: what cannot be trained is refused before anything large is read. */
import type { PrepareRequest, RowPlace, WishedAnswer } from '#core/protocol/trainer.ts';
import {
  encodeQuestion,
  encodeRow,
  UnwritableAnswerError,
  type EncodedQuestion,
  type EncodedRow,
} from '../engine/training/encode-rows.ts';
import type { PackageParts } from '../engine/opened.ts';
import type { Pausing } from '../jobs/running-job.ts';
import { refused, refusedRow } from './refused.ts';

/** New tokens of the answer to the fixed question at most. */
export const ANSWER_TOKENS = 160;

export interface EncodedTexts {
  trained: readonly EncodedRow[];
  heldOut: readonly EncodedRow[];
  fixed: EncodedQuestion;
  /** Tokens of the longest row. */
  longest: number;
  /** That the graphs need: for the longest row, and for the answer to the fixed question. */
  positions: number;
}

type PlacedQuestion = Parameters<typeof refusedRow>[1];

type Texts = Pick<PrepareRequest, 'trained' | 'heldOut' | 'fixed'>;

/** @throws FailureError `training-refused`, `unsupported-package`; the signal's reason */
export async function encodeTexts(
  { chat, pack }: PackageParts,
  { trained, heldOut, fixed }: Texts,
  job: Pausing,
): Promise<EncodedTexts> {
  if (trained.length === 0) throw refused('rows');
  const limit = pack.config.text.maxPositions;
  const checked = <Row extends EncodedQuestion>(row: Row, at: PlacedQuestion): Row => {
    const tokens = row.ids.length;
    if (tokens > limit) throw refusedRow('length', at, { tokens, limit });
    return row;
  };
  const encode = async (rows: readonly WishedAnswer[], set: RowPlace['set']): Promise<EncodedRow[]> => {
    const encoded: EncodedRow[] = [];
    for (const [at, row] of rows.entries()) {
      await job.pause();
      const placed = { place: { set, row: at + 1 }, question: row.question };
      encoded.push(
        checked(
          writable(() => encodeRow(chat, row, row.image !== undefined), placed),
          placed,
        ),
      );
    }
    return encoded;
  };
  const question = checked(encodeQuestion(chat, fixed.question, fixed.image !== undefined), {
    place: { set: 'fixed', row: 1 },
    question: fixed.question,
  });
  const texts = {
    trained: await encode(trained, 'trained'),
    heldOut: await encode(heldOut, 'heldOut'),
    fixed: question,
  };
  const longest = [...texts.trained, ...texts.heldOut].reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const positions = Math.min(limit, Math.max(longest, question.ids.length + ANSWER_TOKENS));
  return { ...texts, longest, positions };
}

function writable(encode: () => EncodedRow, at: PlacedQuestion): EncodedRow {
  try {
    return encode();
  } catch (cause) {
    if (!(cause instanceof UnwritableAnswerError)) throw cause;
    throw refusedRow('answer', at, { answer: cause.answer, written: cause.written }, cause);
  }
}
