/** The stages in which EEVE trains a larger vocabulary (Kim, Choi and Jeong, arXiv 2402.14714), as training/teaching/stages.py. */

/** Which rows of a matrix with a row a token are trained. */
export type TrainedRows = 'none' | 'new' | 'all';

export interface Stage {
  /** `1`, or `1-3` where stages of a tied model are one. */
  name: string;
  /** Of the embedding and of the head. Equal in a tied model. */
  input: TrainedRows;
  output: TrainedRows;
  /** Everything of the text model between the two. */
  inner: boolean;
}

const STAGES: readonly Stage[] = [
  { name: '1', input: 'new', output: 'none', inner: false },
  { name: '2', input: 'none', output: 'new', inner: false },
  { name: '3', input: 'new', output: 'new', inner: false },
  { name: '4', input: 'none', output: 'all', inner: false },
  { name: '5', input: 'new', output: 'all', inner: false },
  { name: '6', input: 'all', output: 'all', inner: true },
  { name: '7', input: 'none', output: 'none', inner: true },
];

/** Tied, a row trains where either end asks for it, and neighbours that train the same are one stage: 1-3, 4-5, 6, 7. */
export function stagesOf(tied: boolean): readonly Stage[] {
  if (!tied) return STAGES;
  const joined: Stage[] = [];
  for (const stage of STAGES) {
    const rows = moreOf(stage.input, stage.output);
    const before = joined.at(-1);
    if (before && before.input === rows && before.inner === stage.inner)
      joined[joined.length - 1] = { ...before, name: `${before.name.split('-')[0] ?? ''}-${stage.name}` };
    else joined.push({ ...stage, input: rows, output: rows });
  }
  return joined;
}

function moreOf(a: TrainedRows, b: TrainedRows): TrainedRows {
  const order: readonly TrainedRows[] = ['none', 'new', 'all'];
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}
