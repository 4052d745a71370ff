/** A recipe as readable parameters after `#/train?`: who opens it trains the same adapter. */
import { LANGUAGES, type Language } from '#core/phantoms/question.ts';
import { isPhantomTask, settingsFor, TASK_CHOICES, type TaskChoice } from './data.ts';
import { RANGES, RANKS, TARGET_CHOICES, type Hyperparameters, type TypedSetting } from './settings.svelte.ts';

export interface Recipe {
  task: TaskChoice;
  language: Language;
  values: Hyperparameters;
}

/** @param page address of the page, with or without a hash */
export function linkTo(recipe: Recipe, page: string): string {
  const url = new URL(page);
  url.hash = `#/train?${parametersOf(recipe).toString()}`;
  return url.href;
}

export function parametersOf({ task, language, values }: Recipe): URLSearchParams {
  const { rank, alpha, targets, rate, steps, batch, warmup, seed } = values;
  return new URLSearchParams({
    ...{ task, lang: language, rank: String(rank), alpha: String(alpha), targets },
    ...{ rate: String(rate), steps: String(steps), batch: String(batch), warmup: String(warmup), seed: String(seed) },
  });
}

/** Undefined for an empty query. What cannot be read is as the task has it, and named in `broken`. */
export function readRecipe(
  query: URLSearchParams,
): { recipe: Omit<Recipe, 'language'> & { language: Language | undefined }; broken: string[] } | undefined {
  if (query.size === 0) return undefined;
  const broken: string[] = [];
  const read = <Value>(name: string, parse: (text: string) => Value | undefined, absent: Value): Value => {
    const text = query.get(name);
    if (text === null) return absent;
    const value = parse(text);
    if (value === undefined) broken.push(name);
    return value ?? absent;
  };
  const oneOf =
    <Value extends string | number>(values: readonly Value[]) =>
    (text: string): Value | undefined =>
      values.find((value) => String(value) === text);
  const typed = (name: TypedSetting) => (text: string) => {
    const value = Number(text);
    const [least, most] = RANGES[name];
    const isRead = text !== '' && value >= least && value <= most && (name === 'rate' || Number.isInteger(value));
    return isRead ? value : undefined;
  };
  const task = read<TaskChoice>('task', oneOf(TASK_CHOICES), 'patient-side');
  const usual = settingsFor(task);
  return {
    recipe: {
      task,
      language: isPhantomTask(task) ? read<Language | undefined>('lang', oneOf(LANGUAGES), undefined) : undefined,
      values: {
        rank: read<number>('rank', oneOf(RANKS), usual.rank),
        alpha: read('alpha', typed('alpha'), usual.alpha),
        targets: read('targets', oneOf(TARGET_CHOICES), usual.targets),
        rate: read('rate', typed('rate'), usual.rate),
        steps: read('steps', typed('steps'), usual.steps),
        batch: read('batch', typed('batch'), usual.batch),
        warmup: read('warmup', typed('warmup'), usual.warmup),
        seed: read('seed', typed('seed'), 0),
      },
    },
    broken,
  };
}
