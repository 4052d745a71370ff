/** The samples of a run as lm-evaluation-harness writes them with `--log_samples`: a line a question (`SampleResult` of its result_schema.py). */
import { Sha256 } from '../hash/sha256.ts';
import { keyOf, type AnsweredQuestion } from './answer.ts';
import { isAnsweredRight } from './compare.ts';
import { examplesFor } from './examples.ts';
import { GENERATION, METRICS } from './lm-eval-task.ts';
import { examPrompt } from './prompt.ts';
import { LETTERS, type ExamQuestion } from './question.ts';
import type { ExamRun } from './run.ts';

export interface Sample {
  doc_id: number;
  doc_hash: string;
  prompt_hash: string;
  target_hash: string;
  [key: string]: unknown;
}

/** @throws ExamplesError where the run holds fewer examples than it was asked with */
export function sampleOf(answered: AnsweredQuestion, { how, examples }: Pick<ExamRun, 'how' | 'examples'>): Sample {
  const { docId, question, answer } = answered;
  const { metric, filter } = METRICS[how.way];
  const doc = docOf(question);
  // With a chat template the harness has the rendered turn here, and this is the text in it.
  const prompt = examPrompt(question, examplesFor(question.exam, examples, how.shots));
  return {
    doc_id: docId,
    doc,
    target: question.answer,
    ...(how.way === 'generate' ? generated(answered, prompt) : byLetters(answered, prompt)),
    filter,
    metrics: [metric],
    // As `json.dumps(doc, indent=2, ensure_ascii=False)` writes it.
    doc_hash: sha256(JSON.stringify(doc, undefined, 2)),
    prompt_hash: sha256(prompt),
    target_hash: sha256(question.answer),
    [metric]: isAnsweredRight({ docId, question, answer }) ? 1 : 0,
  };
}

/** The columns of the data set, in its order. */
function docOf({ subject, year, period, number, question, choices, answer, cot }: ExamQuestion) {
  const { A, B, C, D, E } = choices;
  return {
    ...(subject !== undefined && { subject }),
    ...(year !== undefined && { year }),
    ...(period !== undefined && { period }),
    ...(number !== undefined && { q_number: number }),
    ...{ question, A, B, C, D, E, answer: LETTERS.indexOf(answer) + 1 },
    ...(cot !== undefined && { cot }),
  };
}

function generated({ answer: { text, chosen } }: AnsweredQuestion, prompt: string) {
  return {
    arguments: { gen_args_0: { arg_0: prompt, arg_1: GENERATION } },
    resps: [[text]],
    filtered_resps: [chosen ?? ''],
  };
}

/** Whether a letter is the most probable of all tokens is not computed: "None". */
function byLetters(answered: AnsweredQuestion, prompt: string) {
  const { logProbabilities } = answered.answer;
  if (!logProbabilities) throw new TypeError(`${keyOf(answered)} has no probabilities`);
  const resps = LETTERS.map((letter) => [String(logProbabilities[letter]), 'None']);
  const requests = LETTERS.map((letter, at) => [`gen_args_${at}`, { arg_0: prompt, arg_1: ` ${letter}` }] as const);
  return { arguments: Object.fromEntries(requests), resps: resps.map((resp) => [resp]), filtered_resps: resps };
}

export function sha256(text: string): string {
  return new Sha256().update(new TextEncoder().encode(text)).hex();
}
