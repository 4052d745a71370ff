import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { featureTable } from '#core/tokenizer/json/feature-table.ts';

it('docs/tokenizers.md shows the table that files are held to', () => {
  const documented = readFileSync('docs/tokenizers.md', 'utf8')
    .split('\n')
    .filter((line) =>
      /^\| (?:normalizer|pre_tokenizer|model|decoder|post_processor|added_tokens|truncation|padding)\b/.test(line),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
  expect(documented).toEqual(featureTable());
});
