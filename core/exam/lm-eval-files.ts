/**
 * A run in the files of lm-evaluation-harness: `results_DATE.json` (`EvalResults` of its result_schema.py) and `samples_TASK_DATE.jsonl`. Its
 * own tools read them; what it does not know stands under `medgemma_ko_lab`.
 */
import { TASK_VERSION } from './answer-letter.ts';
import type { AnsweredQuestion } from './answer.ts';
import { isAnsweredRight } from './compare.ts';
import { sampleOf, sha256, type Sample } from './lm-eval-samples.ts';
import { GROUP, METRICS, taskConfig, taskName } from './lm-eval-task.ts';
import { EXAMS } from './question.ts';
import type { ExamRun } from './run.ts';

export interface NamedText {
  name: string;
  text: string;
}

interface Task {
  exam: string;
  name: string;
  answered: readonly AnsweredQuestion[];
  samples: readonly Sample[];
}

/**
 * The file of results first, then one of samples for each exam. The samples hold the questions.
 * @param labVersion of package.json
 */
export function lmEvalFiles(run: ExamRun, labVersion: string): NamedText[] {
  const date = run.created.replace(/Z$/u, '').replaceAll(':', '-');
  const exams = [...new Set(run.answered.map(({ question }) => question.exam))];
  const tasks = exams.map((exam): Task => {
    const answered = run.answered.filter(({ question }) => question.exam === exam).sort((a, b) => a.docId - b.docId);
    return { exam, name: taskName(exam, run.how.way), answered, samples: answered.map((one) => sampleOf(one, run)) };
  });
  return [
    { name: `results_${date}.json`, text: `${JSON.stringify(resultsOf(run, tasks, labVersion), undefined, 2)}\n` },
    ...tasks.map(({ name, samples }) => ({
      name: `samples_${name}_${date}.jsonl`,
      text: samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''),
    })),
  ];
}

function resultsOf(run: ExamRun, tasks: readonly Task[], labVersion: string) {
  const { how, setting, data, seed, answered, created } = run;
  const { metric } = METRICS[how.way];
  const byTask = <Value>(of: (task: Task) => Value) => Object.fromEntries(tasks.map((task) => [task.name, of(task)]));
  const hasGroup = how.way === 'generate' && EXAMS.every((exam) => tasks.some((task) => task.exam === exam));
  const group = hasGroup ? { [GROUP]: groupMetrics(tasks, run) } : undefined;
  const seconds = answered.reduce((sum, { answer }) => sum + answer.milliseconds, 0) / 1000;
  const { name, adapters, decoder, parameters, manifestSha256 } = setting;
  return {
    results: { ...group, ...byTask(({ name, answered }) => ({ name, alias: name, ...metricsOf(answered, run) })) },
    ...(group && { groups: group }),
    group_subtasks: group ? { [GROUP]: tasks.map((task) => task.name) } : {},
    configs: byTask(({ exam }) => taskConfig(exam, how)),
    versions: { ...(group && { [GROUP]: TASK_VERSION }), ...byTask(() => TASK_VERSION) },
    'n-shot': { ...(group && { [GROUP]: how.shots }), ...byTask(() => how.shots) },
    higher_is_better: {
      ...(group && { [GROUP]: { [metric]: true } }),
      ...byTask(() => ({ [metric]: true })),
    },
    'n-samples': byTask((task) => ({
      original: data.counts[task.exam] ?? task.answered.length,
      effective: task.answered.length,
    })),
    config: {
      model: 'medgemma-ko-lab',
      model_args: { pretrained: name, dtype: decoder, ...(adapters.length > 0 && { adapters }) },
      ...(parameters !== undefined && { model_num_parameters: parameters }),
      model_dtype: decoder,
      ...(manifestSha256 !== undefined && { model_sha: manifestSha256 }),
      ...{ batch_size: '1', batch_sizes: [], device: setting.provider, use_cache: null, limit: null, gen_kwargs: {} },
      ...{ random_seed: seed, numpy_seed: seed, torch_seed: seed, fewshot_seed: seed },
    },
    git_hash: null,
    date: Date.parse(created) / 1000,
    max_length: setting.contextLength,
    task_hashes: byTask(({ samples }) =>
      sha256(samples.map((one) => one.doc_hash + one.prompt_hash + one.target_hash).join('')),
    ),
    model_source: 'medgemma-ko-lab',
    model_name: name,
    model_name_sanitized: name.replace(/["<>:/|\\?*[\]]+/gu, '__'),
    ...{ system_instruction: null, system_instruction_sha: null, fewshot_as_multiturn: false },
    ...{ chat_template: how.chatTemplate ? 'of the package' : null, chat_template_sha: null },
    total_evaluation_time_seconds: String(seconds),
    medgemma_ko_lab: { version: labVersion, how, setting, data, seed },
  };
}

function metricsOf(answered: readonly AnsweredQuestion[], { how }: Pick<ExamRun, 'how'>) {
  const { metric, filter } = METRICS[how.way];
  const mean = answered.filter(isAnsweredRight).length / answered.length;
  return {
    sample_len: answered.length,
    [`${metric},${filter}`]: mean,
    [`${metric}_stderr,${filter}`]: standardError(mean, answered.length) ?? 'N/A',
  };
}

/** The harness's mean weighted by size, with its pooled standard error. */
function groupMetrics(tasks: readonly Task[], { how }: Pick<ExamRun, 'how'>) {
  const { metric, filter } = METRICS[how.way];
  const all = tasks.flatMap(({ answered }) => answered);
  const parts = tasks.map(({ answered }) => {
    const mean = answered.filter(isAnsweredRight).length / answered.length;
    const error = standardError(mean, answered.length);
    return error === undefined ? undefined : (answered.length - 1) * error ** 2 * answered.length;
  });
  const known = parts.flatMap((part) => part ?? []);
  const pooled =
    known.length < parts.length
      ? 'N/A'
      : Math.sqrt(known.reduce((sum, part) => sum + part, 0) / (all.length - tasks.length) / all.length);
  return {
    ...{ name: GROUP, alias: GROUP, sample_len: all.length },
    [`${metric},${filter}`]: all.filter(isAnsweredRight).length / all.length,
    [`${metric}_stderr,${filter}`]: pooled,
    sample_count: { [`${metric},${filter}`]: all.length },
  };
}

/** Of the mean of zeros and ones; undefined for a single one. */
function standardError(mean: number, count: number): number | undefined {
  return count > 1 ? Math.sqrt((mean * (1 - mean)) / (count - 1)) : undefined;
}
