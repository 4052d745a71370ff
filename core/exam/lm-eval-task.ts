/** The tasks under which results stand in files of lm-evaluation-harness. */
import { TASK_VERSION } from './answer-letter.ts';
import type { ExamHow, ExamWay } from './answer.ts';
import { DATASET } from './dataset-files.ts';
import { MAX_NEW_TOKENS, UNTIL } from './prompt.ts';
import { isExam } from './question.ts';

/** The group of the four exams. */
export const GROUP = 'kormedmcqa';

/** `generation_kwargs` of the task. */
export const GENERATION = { until: [...UNTIL], do_sample: false, temperature: 0, max_gen_toks: MAX_NEW_TOKENS };

/** Metric and filter: the harness's key is `metric,filter`. */
export const METRICS: Readonly<Record<ExamWay, { metric: string; filter: string }>> = {
  generate: { metric: 'exact_match', filter: 'extract_answer' },
  letters: { metric: 'acc', filter: 'none' },
};

/**
 * The harness's own name for an exam of the data set that was asked as its task asks. Letters by log-likelihood, and other questions, are no
 * task of the harness and do not take its name.
 */
export function taskName(exam: string, way: ExamWay): string {
  const base = isExam(exam) ? `${GROUP}_${exam}` : `lab_${exam.replace(/[^\p{L}\p{N}-]+/gu, '-')}`;
  return way === 'generate' ? base : `${base}_letters`;
}

/** As `configs` has it. */
export function taskConfig(exam: string, { way, shots }: ExamHow) {
  const prompt = `{{question.strip()}}\nA. {{A}}\nB. {{B}}\nC. {{C}}\nD. {{D}}\nE. {{E}}\n정답：`;
  const letter = "{{['A', 'B', 'C', 'D', 'E'][answer-1]}}";
  const { metric, filter } = METRICS[way];
  return {
    task: taskName(exam, way),
    ...(isExam(exam) && { dataset_path: DATASET, dataset_name: exam }),
    test_split: 'test',
    fewshot_split: 'fewshot',
    doc_to_text: prompt,
    doc_to_target: letter,
    fewshot_config: { sampler: 'first_n', doc_to_text: `${prompt} ${letter}\n\n`, doc_to_target: '' },
    num_fewshot: shots,
    metric_list: [{ metric, aggregation: 'mean', higher_is_better: true }],
    ...(way === 'generate'
      ? { output_type: 'generate_until', generation_kwargs: GENERATION, filter_list: [{ name: filter }] }
      : { output_type: 'multiple_choice', doc_to_choice: ['A', 'B', 'C', 'D', 'E'] }),
    repeats: 1,
    should_decontaminate: false,
    metadata: { version: TASK_VERSION },
  };
}
