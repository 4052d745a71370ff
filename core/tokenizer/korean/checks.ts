/** Checks the guarantees of a merged tokenizer on texts. */
import type { Pack } from './pack.ts';
import { Scripts } from './scripts.ts';
import type { Tokenizer } from '../tokenizer.ts';

/**
 * - `reachable`: encoding the text of a new token gives that token alone.
 * - `none-longer`: no text has more tokens than with the base.
 * - `others-unchanged`: text without characters of the pack's scripts has the same ids as with the base.
 * - `same-text`: decoding gives the same text as with the base.
 */
export type CheckName = 'reachable' | 'none-longer' | 'others-unchanged' | 'same-text';

export interface CheckResult {
  name: CheckName;
  /** Number of checked texts. */
  tried: number;
  failed: number;
  /** The first texts that failed. */
  examples: string[];
}

const EXAMPLES = 5;

export class MergeChecks {
  private readonly scripts: Scripts;
  private readonly results: Record<CheckName, CheckResult> = {
    reachable: nothing('reachable'),
    'none-longer': nothing('none-longer'),
    'others-unchanged': nothing('others-unchanged'),
    'same-text': nothing('same-text'),
  };

  /** @throws PackError if the pack names an unknown Unicode script */
  constructor(
    private readonly base: Tokenizer,
    private readonly merged: Tokenizer,
    private readonly pack: Pack,
  ) {
    this.scripts = new Scripts(scriptsOf(pack));
  }

  /** Checks every new token in steps; yields the number done. */
  *addNewTokens(): Generator<number> {
    for (const [index, [left, right]] of this.pack.merges.entries()) {
      const id = this.pack.firstId + index;
      const text = this.merged.decode([id]);
      const ids = this.merged.encode(text);
      this.note('reachable', left + right, ids.length === 1 && ids[0] === id);
      this.add(text);
      yield index + 1;
    }
  }

  /** Checks the text of every base token in steps; yields the number done. */
  *addBaseTokens(): Generator<number> {
    for (let id = 0; id < this.base.size; id++) {
      this.add(this.base.decode([id]));
      yield id + 1;
    }
  }

  /** Checks a text. */
  add(text: string): void {
    const [before, after] = [this.base.encode(text), this.merged.encode(text)];
    const same = before.length === after.length && before.every((id, at) => id === after[at]);
    this.note('none-longer', text, after.length <= before.length);
    if (!this.scripts.occurIn(text)) this.note('others-unchanged', text, same);
    this.note('same-text', text, same || this.base.decode(before) === this.merged.decode(after));
  }

  all(): CheckResult[] {
    return Object.values(this.results);
  }

  private note(name: CheckName, text: string, passed: boolean): void {
    const result = this.results[name];
    result.tried++;
    if (passed) return;
    result.failed++;
    if (result.examples.length < EXAMPLES) result.examples.push(text);
  }
}

function nothing(name: CheckName): CheckResult {
  return { name, tried: 0, failed: 0, examples: [] };
}

/** Scripts in the options that training wrote; packs from other tools are assumed to be Korean. */
function scriptsOf({ options }: Pack): string[] {
  const { scripts } = options;
  return typeof scripts === 'string' ? scripts.split(',') : ['Hangul'];
}
