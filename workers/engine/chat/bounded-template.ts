/**
 * Chat templates are programs from a package, and @huggingface/jinja runs them without limits. Here each render has a
 * budget: many times what a long conversation takes.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

/** Characters of source; templates with tools and thinking have 20,000. */
export const MAX_TEMPLATE_LENGTH = 200_000;
/** Most evaluated expressions and statements, plus the sizes of their results. A message takes a few hundred. */
const MAX_WORK = 1_500_000;
/** Most characters of one string. */
const MAX_TEXT_LENGTH = 20_000_000;
/** Most numbers of one range(). */
const MAX_RANGE = 100_000;
/** Most characters of a format of strftime_now(), whose directives make a text each. */
const MAX_TIME_FORMAT = 1000;

type Evaluate = Interpreter['evaluate'];

class BoundedInterpreter extends Interpreter {
  #work = 0;
  /** Values that loops iterate over: each iteration counts as work, even if the loop's body is empty. */
  readonly #iterated = new Set<unknown>();

  /** Every statement and expression comes through here. */
  override evaluate(...args: Parameters<Evaluate>): ReturnType<Evaluate> {
    this.#spend(1);
    const [node] = args;
    if (node && 'iterable' in node) this.#iterate(node.iterable);
    const result = super.evaluate(...args);
    const { value } = result;
    if (typeof value === 'string') {
      if (value.length > MAX_TEXT_LENGTH)
        throw new RangeError(`the template makes a string of more than ${MAX_TEXT_LENGTH} characters`);
      this.#spend(value.length / 64);
    } else if (Array.isArray(value)) this.#spend(this.#iterated.has(node) ? value.length * 4 : value.length / 16);
    else if (value instanceof Map && this.#iterated.has(node)) this.#spend(value.size * 4);
    return result;
  }

  #iterate(iterable: unknown): void {
    this.#iterated.add(iterable);
    // `for x in list if …`
    if (typeof iterable === 'object' && iterable !== null && 'lhs' in iterable) this.#iterated.add(iterable.lhs);
  }

  #spend(work: number): void {
    this.#work += work;
    if (this.#work > MAX_WORK) throw new RangeError('the template does not come to an end');
  }
}

/**
 * @returns the renderer; it throws Error with the template's message when the template rejects its variables, and RangeError
 *   when a limit is exceeded
 * @throws Error for source with syntax errors, RangeError for source that is too long
 */
export function compile(source: string): (variables: Readonly<Record<string, unknown>>) => string {
  if (source.length > MAX_TEMPLATE_LENGTH)
    throw new RangeError(`${source.length} characters, more than ${MAX_TEMPLATE_LENGTH}`);
  // The same steps as in the library's Template, whose interpreter cannot be replaced.
  const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  return (variables) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
    const { value } = new BoundedInterpreter(environment).run(program);
    if (typeof value !== 'string') throw new TypeError('the template did not render a string');
    return value;
  };
}

/** The globals of the library's Template. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  ...{ true: true, false: false, none: null, True: true, False: false, None: null },
  raise_exception(reason: unknown): never {
    throw new Error(String(reason));
  },
  range,
  strftime_now: (format: unknown) => formatTime(new Date(), String(format)),
};

/** Python's range(). */
function range(...given: unknown[]): number[] {
  const numbers = given.filter((value) => typeof value === 'number');
  const [first = 0, second, step = 1] = numbers;
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (numbers.length !== given.length || step === 0) throw new TypeError('range() takes numbers, and no step of 0');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= MAX_RANGE)) throw new RangeError(`range() of ${length} numbers, more than ${MAX_RANGE}`);
  return Array.from({ length }, (_, at) => start + at * step);
}

/** The directives of Python's strftime that the library knows. */
function formatTime(date: Date, format: string): string {
  if (format.length > MAX_TIME_FORMAT)
    throw new RangeError(`strftime_now() of ${format.length} characters, more than ${MAX_TIME_FORMAT}`);
  const two = (value: number) => String(value).padStart(2, '0');
  const month = (style: 'long' | 'short') => new Intl.DateTimeFormat(undefined, { month: style }).format(date);
  const values: Readonly<Record<string, () => string>> = {
    '%Y': () => String(date.getFullYear()),
    '%m': () => two(date.getMonth() + 1),
    '%d': () => two(date.getDate()),
    '%b': () => month('short'),
    '%B': () => month('long'),
    '%H': () => two(date.getHours()),
    '%M': () => two(date.getMinutes()),
    '%%': () => '%',
  };
  return format.replace(/%[YmdbBHM%]/g, (directive) => values[directive]?.() ?? directive);
}
