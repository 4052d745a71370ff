/**
 * Matches patterns against a text without backtracking. A node maps a set of start positions to the set of positions where a
 * match can end, so no position is tried twice per set. Time is polynomial in the lengths of pattern and text, and a budget
 * limits it.
 */
import { atEnd, textEnd } from './characters.ts';
import { PatternError, type Direction, type Pattern, type PatternNode } from './syntax.ts';

/** Remaining steps; a step examines one position of a text. */
export class StepBudget {
  #left: number;

  constructor(readonly steps: number) {
    this.#left = steps;
  }

  /** @throws PatternError if the budget is exhausted */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new PatternError(`takes more than ${this.steps} steps to match`);
  }
}

/** `re.fullmatch(pattern, text) is not None` @throws PatternError if the budget is exhausted */
export function fullMatches(pattern: Pattern, text: string, budget: StepBudget): boolean {
  const codes = codesOf(pattern, text);
  // Matches backward, because module patterns differ most in their last characters.
  return new Matcher(codes, budget).reach(pattern.root, [codes.length], 'backward').includes(0);
}

/** `re.match(pattern, text) is not None`: a prefix of the text matches. @throws PatternError as `fullMatches` */
export function matchesStart(pattern: Pattern, text: string, budget: StepBudget): boolean {
  const codes = codesOf(pattern, text);
  // Most patterns end with "$", so that only the end of the text has to be tried.
  const first = endsWithText(pattern.root) ? Math.max(0, codes.length - 1) : 0;
  const ends: number[] = [];
  for (let at = first; at <= codes.length; at++) ends.push(at);
  return new Matcher(codes, budget).reach(pattern.root, ends, 'backward').includes(0);
}

function endsWithText(node: PatternNode): boolean {
  const last = node.type === 'sequence' ? node.nodes.at(-1) : undefined;
  return last?.type === 'assertion' && (last.holds === textEnd || last.holds === atEnd);
}

function codesOf({ ignoresCase }: Pattern, text: string): number[] {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  if (ignoresCase && codes.some((code) => code >= 128))
    throw new PatternError(`ignores case, which is done for ASCII names alone, not for "${text}"`);
  return codes;
}

type Repeat = Extract<PatternNode, { type: 'repeat' }>;

class Matcher {
  readonly #codes: readonly number[];
  readonly #budget: StepBudget;

  constructor(codes: readonly number[], budget: StepBudget) {
    this.#codes = codes;
    this.#budget = budget;
  }

  /** @param from distinct positions @returns distinct positions */
  reach(node: PatternNode, from: readonly number[], direction: Direction): readonly number[] {
    this.#budget.spend(from.length + 1);
    switch (node.type) {
      case 'character':
        return this.#consume([node.has], from, direction);
      case 'run':
        return this.#consume(node.has, from, direction);
      case 'assertion':
        return from.filter((at) => node.holds(this.#codes, at));
      case 'look':
        return from.filter((at) => this.reach(node.node, [at], node.direction).length > 0 !== node.negative);
      case 'sequence':
        return this.#follow(node.nodes, from, direction);
      case 'alternation':
        return this.#either(node.nodes, from, direction);
      case 'repeat':
        return this.#repeat(node, from, direction);
    }
  }

  /** Positions after matching all of `has` in sequence from each start position. */
  #consume(
    has: readonly ((code: number) => boolean)[],
    from: readonly number[],
    direction: Direction,
  ): readonly number[] {
    const codes = this.#codes;
    const reached: number[] = [];
    for (const at of from) {
      const target = direction === 'forward' ? at + has.length : at - has.length;
      if (target < 0 || target > codes.length) continue;
      let count = 0;
      while (count < has.length) {
        const index = direction === 'forward' ? count : has.length - 1 - count;
        const code = codes[Math.min(at, target) + index];
        if (code === undefined || has[index]?.(code) !== true) break;
        count++;
      }
      this.#budget.spend(count);
      if (count === has.length) reached.push(target);
    }
    return reached;
  }

  #follow(nodes: readonly PatternNode[], from: readonly number[], direction: Direction): readonly number[] {
    let places = from;
    for (let index = 0; index < nodes.length && places.length > 0; index++) {
      const node = nodes[direction === 'forward' ? index : nodes.length - 1 - index];
      if (node) places = this.reach(node, places, direction);
    }
    return places;
  }

  #either(nodes: readonly PatternNode[], from: readonly number[], direction: Direction): readonly number[] {
    const isReached = this.#marks();
    const places: number[] = [];
    for (const node of nodes) {
      for (const at of this.reach(node, from, direction)) {
        if (isReached[at] === 0) places.push(at);
        isReached[at] = 1;
      }
    }
    return places;
  }

  #repeat({ node, min, max }: Repeat, from: readonly number[], direction: Direction): readonly number[] {
    // More rounds than characters include a round that consumes nothing, so further rounds reach no new position.
    const most = this.#codes.length + 1;
    const required = Math.min(min, most);
    let latest = from;
    for (let round = 0; round < required && latest.length > 0; round++) latest = this.reach(node, latest, direction);
    const isReached = this.#marks();
    for (const at of latest) isReached[at] = 1;
    const places = [...latest];
    for (let round = required; round < Math.min(max, required + most) && latest.length > 0; round++) {
      latest = this.reach(node, latest, direction).filter((at) => isReached[at] === 0);
      for (const at of latest) {
        isReached[at] = 1;
        places.push(at);
      }
    }
    return places;
  }

  /** One mark per position, initially 0. */
  #marks(): Uint8Array {
    // The allocation takes about as long as examining a few positions.
    this.#budget.spend(10);
    return new Uint8Array(this.#codes.length + 1);
  }
}
