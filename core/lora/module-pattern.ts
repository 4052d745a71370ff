/** How adapter_config.json names modules: lists of names, and regular expressions of Python's `re`. */
import { fullMatches, matchesStart, type StepBudget } from '../python-pattern/match.ts';
import { parsePattern } from '../python-pattern/parse.ts';
import { PatternError, type Pattern } from '../python-pattern/syntax.ts';

/** Characters of one pattern. Those that Unsloth, ms-swift and LLaMA-Factory write have fewer than 1000. */
export const MAX_PATTERN_LENGTH = 20_000;
/** Names in a list, or patterns in rank_pattern. Gemma 3 27B has 434 projections in its decoder and 162 in its vision tower. */
export const MAX_PATTERNS = 4096;
/** Characters of a module's name. The longest of Gemma 3 has 63. */
export const MAX_NAME_LENGTH = 512;
/**
 * Steps for all modules of an adapter together, a few tenths of a second. A rank and an α for each of the 434
 * projections of the 27B model take 3.3 million.
 */
export const MAX_STEPS = 10_000_000;

/** Whether a pattern or a list names a module. @throws PatternError where that takes more steps than the budget has */
export type ModuleMatcher = (module: string, budget: StepBudget) => boolean;

/**
 * A key of rank_pattern or alpha_pattern: `re.match(rf"(.*\.)?({key})$", module)` (peft.utils.other.get_pattern_key), so it
 * matches the end of a name from a dot on.
 * @throws PatternError for a key that Python's `re` refuses or this project does not run
 */
export function rankPatternMatcher(key: string): ModuleMatcher {
  const pattern = parse(`(.*\\.)?(${key})$`, key);
  return (module, budget) => matchesStart(pattern, checkedName(module), budget);
}

/**
 * `target_modules` or `exclude_modules` (peft.tuners.tuners_utils.check_target_module_exists): a string is a pattern for the
 * whole name, a list holds names or the ends of names behind a dot.
 * @returns undefined where the entry names no modules: it is missing, or "all-linear"
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

/** The name itself, and what stands behind each of its dots. */
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
