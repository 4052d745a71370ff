/** Matches module names as adapter_config.json specifies them: lists of names, or regular expressions of Python's `re`. */
import { fullMatches, matchesStart, type StepBudget } from '../python-pattern/match.ts';
import { parsePattern } from '../python-pattern/parse.ts';
import { PatternError, type Pattern } from '../python-pattern/syntax.ts';

/** Maximum characters of one pattern. Patterns that Unsloth, ms-swift and LLaMA-Factory write have fewer than 1000. */
export const MAX_PATTERN_LENGTH = 20_000;
/**
 * Maximum number of names in a list, or of patterns in rank_pattern. Gemma 3 27B has 434 projections in its decoder and
 * 162 in its vision tower.
 */
export const MAX_PATTERNS = 4096;
/** Maximum characters of a module name. The longest of Gemma 3 has 63. */
export const MAX_NAME_LENGTH = 512;
/**
 * Maximum matching steps for all modules of an adapter together, a few tenths of a second. A rank and an α for each of the
 * 434 projections of the 27B model take 3.3 million.
 */
export const MAX_STEPS = 10_000_000;

/** True if a pattern or a list matches a module. @throws PatternError if matching exceeds the budget */
export type ModuleMatcher = (module: string, budget: StepBudget) => boolean;

/**
 * A key of rank_pattern or alpha_pattern: `re.match(rf"(.*\.)?({key})$", module)` (peft.utils.other.get_pattern_key), so it
 * matches a whole name or its end after a dot.
 * @throws PatternError for a key that is invalid in Python's `re` or unsupported here
 */
export function rankPatternMatcher(key: string): ModuleMatcher {
  const pattern = parse(`(.*\\.)?(${key})$`, key);
  return (module, budget) => matchesStart(pattern, checkedName(module), budget);
}

/**
 * `target_modules` or `exclude_modules` (peft.tuners.tuners_utils.check_target_module_exists): a string is a pattern for the
 * whole name; a list holds names, or ends of names after a dot.
 * @returns undefined if the entry names no modules: it is missing or "all-linear"
 * @throws PatternError as `rankPatternMatcher`, and for an entry of another type
 */
export function moduleMatcher(entry: unknown): ModuleMatcher | undefined {
  if (entry === undefined || entry === null) return undefined;
  if (typeof entry === 'string') {
    if (entry.toLowerCase() === 'all-linear') return undefined;
    const pattern = parse(entry, entry);
    return (module, budget) => fullMatches(pattern, checkedName(module), budget);
  }
  if (!Array.isArray(entry)) throw new PatternError('is neither a string nor a list of names');
  const list: readonly unknown[] = entry;
  if (list.length > MAX_PATTERNS)
    throw new PatternError(`lists ${list.length} names; no more than ${MAX_PATTERNS} are read`);
  const names = new Set<string>();
  for (const name of list) {
    if (typeof name !== 'string') throw new PatternError(`lists ${JSON.stringify(name)}, which is not a name`);
    names.add(name);
  }
  return (module) => endsOf(checkedName(module)).some((end) => names.has(end));
}

/**
 * An entry of `modules_to_save`: PEFT saves modules whose name ends with it, and puts no LoRA on them and on what is inside
 * (`re.match(rf"(^|.*\\.){entry}($|\\..*)", module)`, peft.tuners.tuners_utils.check_target_module_exists).
 */
export function savedModuleMatcher(entry: string): ModuleMatcher {
  const pattern = parse(`(^|.*\\.)(${entry})($|\\..*)`, entry);
  return (module, budget) => fullMatches(pattern, checkedName(module), budget);
}

/**
 * `layers_pattern`: the index of a module's layer is the first number after a name that matches, as in `layers.12.`; without
 * patterns the first number after any two names (check_target_module_exists of peft 0.21).
 * @returns a function that gives the index, or undefined for a module outside of layers
 */
export function layerOf(patterns: readonly string[]): (module: string, budget: StepBudget) => number | undefined {
  const parsed = patterns.map((entry) => parse(`(.*\\.)?(${entry})`, entry));
  return (module, budget) => {
    const parts = checkedName(module).split('.');
    const indices = parts.flatMap((part, at) => (/^\d+$/u.test(part) && at < parts.length - 1 ? [at] : []));
    if (parsed.length === 0) {
      const first = indices.find((at) => at >= 2);
      return first === undefined ? undefined : Number(parts[first]);
    }
    for (const pattern of parsed)
      for (const at of indices)
        if (at > 0 && fullMatches(pattern, parts.slice(0, at).join('.'), budget)) return Number(parts[at]);
    return undefined;
  };
}

/** The name itself and its suffix after each dot. */
function endsOf(module: string): string[] {
  const parts = module.split('.');
  return parts.map((_, index) => parts.slice(index).join('.'));
}

function parse(source: string, given: string): Pattern {
  if (given.length > MAX_PATTERN_LENGTH)
    throw new PatternError(`has a pattern of ${given.length} characters; no more than ${MAX_PATTERN_LENGTH} are read`);
  return parsePattern(source);
}

function checkedName(module: string): string {
  if (module.length <= MAX_NAME_LENGTH) return module;
  throw new PatternError(
    `is matched against a name of ${module.length} characters; no more than ${MAX_NAME_LENGTH} are read`,
  );
}
