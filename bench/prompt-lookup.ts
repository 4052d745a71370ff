/**
 * Counts what prompt lookup (Saxena 2023) would save: how many runs of the decoder an answer takes when drafts of `k` tokens are looked up by an
 * n-gram and verified in one run. The ids of an answer do not depend on it, so known answers are enough:
 *
 *     npx tsx bench/prompt-lookup.ts [--package DIR] [--phantoms N] [--text FILE] [--engine]
 *
 * Answers are those of a teaching package to questions about phantoms, and, of a text with a sentence a line, answers that quote:
 * the prompt is 12 lines, the answer a list of three of them. With --engine the page's engine then answers the questions about
 * phantoms for real, off, on and auto in turns. What a run costs by its rows, on any package: bench/verify-runs.ts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { Drafter } from '#core/prompt-lookup/drafter.ts';
import { noToken } from '#core/prompt-lookup/ngram-lookup.ts';
import { RunTimes } from '#core/prompt-lookup/run-times.ts';
import type { Group } from '../cli/evaluate/questions.ts';
import { answerAll } from '../cli/evaluate/answer.ts';
import { openModel, type EvaluatedModel } from '../cli/evaluate/model.ts';
import { groupAt } from '../cli/evaluate/questions.ts';
import { answerByEngine } from './lookup-answers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = new Command('prompt-lookup')
  .option('--package <folder>', 'a teaching package', join(root, 'public/models/teaching-ko-q4'))
  .option('--phantoms <n>', 'phantoms, with two questions and two languages each', Number, 20)
  .option('--text <file>', 'a text with a sentence a line')
  .option('--engine', 'also run the engine')
  .parse()
  .opts<{ package: string; phantoms: number; text?: string; engine?: true }>();

interface Known {
  /** `noToken` in place of images. */
  prompt: readonly number[];
  answer: readonly number[];
}

interface Counted {
  tokens: number;
  runs: number;
  drafted: number;
  accepted: number;
}

/**
 * @param ids prompt and answer so far
 * @param match the longest n-gram that is looked up; shorter ones down to `least` where it is not found
 * @param count tokens drafted at most
 * @returns the tokens that followed the last earlier occurrence; empty if the sequence occurs only once
 */
function lookup(ids: readonly number[], match: number, least: number, count: number): number[] {
  for (let size = Math.min(match, ids.length - 1); size >= least; size--) {
    const from = ids.length - size;
    for (let at = from - 1; at >= 0; at--) {
      let same = 0;
      while (same < size && ids[at + same] === ids[from + same]) same++;
      if (same === size) return ids.slice(at + size, at + size + count);
    }
  }
  return [];
}

/** Simulates decoding: a run verifies a draft and gives one token more than were right. */
function count({ prompt, answer }: Known, match: number, least: number, size: number): Counted {
  const counted: Counted = { tokens: answer.length, runs: 0, drafted: 0, accepted: 0 };
  // The first token comes from prefill.
  for (let at = 1; at < answer.length; counted.runs++) {
    const draft = lookup([...prompt, ...answer.slice(0, at)], match, least, size);
    let right = 0;
    while (right < draft.length && draft[right] === answer[at + right]) right++;
    counted.drafted += draft.length;
    counted.accepted += right;
    at += right + 1;
  }
  return counted;
}

/** As the engine drafts. @param rowCost time of a further row, in runs of one row; undefined: mode 'on' */
function countBuilt({ prompt, answer }: Known, rowCost: number | undefined): Counted {
  const counted: Counted = { tokens: answer.length, runs: 0, drafted: 0, accepted: 0 };
  const times = new RunTimes();
  for (const rows of [1, 2, 4, 8, 1, 2, 4, 8]) times.add(rows, 1 + (rows - 1) * (rowCost ?? 0));
  const options = { times, vocabularySize: 2 ** 20, endTokens: new Set<number>() };
  const drafter = new Drafter({ ...options, mode: rowCost === undefined ? 'on' : 'auto' }, prompt);
  let at = 0;
  const take = () => drafter.push(answer[at++] ?? noToken);
  for (take(); at < answer.length; counted.runs++) {
    const draft = drafter.draft(answer.length - at - 1);
    let right = 0;
    while (right < draft.length && draft[right] === answer[at]) {
      take();
      right++;
    }
    take();
    counted.drafted += draft.length;
    counted.accepted += right;
  }
  return counted;
}

function table(name: string, answers: readonly Known[]): void {
  const length = answers.reduce((sum, { answer }) => sum + answer.length, 0) / answers.length;
  console.log(`\n${name}: ${answers.length} answers of ${length.toFixed(1)} tokens in the mean\n`);
  console.log(
    '| n-gram | drafted at most | accepted of drafted | tokens a run | rows a run |\n| --- | --: | --: | --: | --: |',
  );
  const row = (how: string | number, size: number, all: readonly Counted[]) => {
    const sum = (field: keyof Counted) => all.reduce((total, one) => total + one[field], 0);
    const cells = [
      how,
      size,
      `${((100 * sum('accepted')) / Math.max(1, sum('drafted'))).toFixed(0)} %`,
      ((sum('tokens') - answers.length) / sum('runs')).toFixed(2),
      (1 + sum('drafted') / sum('runs')).toFixed(2),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  };
  for (const [match, least] of [
    [1, 1],
    [2, 2],
    [3, 3],
    [3, 2],
  ] as const)
    for (const size of [2, 4, 8]) {
      const all = answers.map((known) => count(known, match, least, size));
      row(match === least ? match : `${match}, else ${least}`, size, all);
    }
  for (const [how, rowCost] of [
    ['built, on', undefined],
    ['built, auto, a row costs 0.05', 0.05],
    ['built, auto, a row costs 0.2', 0.2],
    ['built, auto, a row costs 0.5', 0.5],
    ['built, auto, a row costs 1', 1],
  ] as const) {
    const all = answers.map((known) => countBuilt(known, rowCost));
    row(how, 7, all);
  }
}

/** The questions about one phantom, and its image. */
function groups(): (Group & { pixels: Uint8Array })[] {
  const set = { task: 'base', split: 'evaluation', seed: 0, questions: 2, languages: ['en', 'ko'] } as const;
  return Array.from({ length: flags.phantoms }, (_, index) => {
    const all = { ...set, languages: [...set.languages], count: flags.phantoms, blank: undefined };
    const { pairs, pixels } = groupAt(all, index);
    if (!pixels) throw new Error('a phantom is always shown');
    return { pairs, pixels };
  });
}

async function phantomAnswers(model: EvaluatedModel): Promise<Known[]> {
  const known: Known[] = [];
  for (const { pairs, pixels } of groups()) {
    const outcomes = await answerAll(model, pairs, await model.encodeImage(pixels));
    for (const [at, { ids }] of outcomes.entries()) {
      const image = { type: 'image', name: '', image: new Blob() } as const;
      const text = { type: 'text', text: pairs[at]?.question ?? '' } as const;
      const prompt = model.chat.prompt([{ role: 'user', content: [image, text] }]);
      const tokens = prompt.ids.map((id, i) => (prompt.mask[i] === 1 ? id : noToken));
      known.push({ prompt: tokens, answer: [...ids, model.endOfTurn] });
    }
  }
  return known;
}

async function quotes({ chat, endOfTurn }: EvaluatedModel, path: string): Promise<Known[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.length > 20);
  const known: Known[] = [];
  for (let at = 0; at + 12 <= lines.length && known.length < 100; at += 12) {
    const report = lines.slice(at, at + 12);
    const text = `다음 글에서 중요한 문장을 골라 목록으로 쓰세요.\n\n${report.join('\n')}`;
    const prompt = chat.prompt([{ role: 'user', content: [{ type: 'text', text }] }]);
    const answer = [1, 6, 10].map((line) => `- ${report[line] ?? ''}`).join('\n');
    known.push({ prompt: prompt.ids, answer: [...chat.tokenizer.encode(answer, { special: false }), endOfTurn] });
  }
  return known;
}

const model = await openModel(flags.package, 1);
table('Answers about phantoms', await phantomAnswers(model));
if (flags.text !== undefined) table('Answers that quote three of twelve sentences', await quotes(model, flags.text));
if (flags.engine) await answerByEngine(flags.package, groups());
