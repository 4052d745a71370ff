/** docs/config-fields.md and the code name the same fields; fields that Gemma 3 does not have are told. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT_FIELDS, TEXT_FIELDS, unknownFields, VISION_FIELDS } from '#core/gemma3/config-fields.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { fixture } from '../../reference/node.ts';

const page = readFileSync(new URL('../../../docs/config-fields.md', import.meta.url), 'utf8');

function documented(heading: string): Record<string, string> {
  const section = page.split(/^## /mu).find((part) => part.startsWith(heading)) ?? '';
  return Object.fromEntries(
    [...section.matchAll(/^\| `([^`]+)`\s+\| (\w+)/gmu)].map(([, field, treatment]) => [field ?? '', treatment ?? '']),
  );
}

test.each([
  ['Text', TEXT_FIELDS],
  ['Vision', VISION_FIELDS],
  ['Root', ROOT_FIELDS],
])('the table of %s says what the code says', (heading, fields) => {
  expect({ ...documented('Any of'), ...documented(heading) }).toEqual(fields);
});

test('no field of the fixture and of MedGemma 4B is unknown', () => {
  const tiny: Record<string, unknown> = JSON.parse(readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8'));
  expect(unknownFields(tiny)).toEqual([]);
  expect(unknownFields(presetConfig('medgemma-4b'))).toEqual([]);
});

test('what is not known is told with its part, null is nothing', () => {
  expect(
    unknownFields({
      text_config: { new_gate: 1, hidden_size: 1, other: null },
      vision_config: { probe: true },
      extra: {},
    }),
  ).toEqual(['extra', 'text_config.new_gate', 'vision_config.probe']);
  expect(unknownFields({ model_type: 'gemma3_text', altup: 2, constructor: 1 })).toEqual(['altup', 'constructor']);
});
