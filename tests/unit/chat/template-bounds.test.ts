import { Template } from '@huggingface/jinja';
import { expect, test } from 'vitest';
import { GEMMA3_CHAT_TEMPLATE } from '#core/chat/gemma3-template.ts';
import { FailureError } from '#core/failure.ts';
import { compile } from '../../../workers/engine/chat/bounded-template.ts';
import { compileChatTemplate } from '../../../workers/engine/chat/template.ts';

const talk = (turns: number) =>
  Array.from({ length: turns }, (_, at) => ({ role: at % 2 ? 'assistant' : 'user', content: `말 ${at}`.repeat(200) }));

test('writes what the library writes', () => {
  const variables = { messages: talk(5), bos_token: '<bos>', add_generation_prompt: true, tools: null };
  for (const source of [
    GEMMA3_CHAT_TEMPLATE,
    '{%- for i in range(3) %}{{ i }}{% endfor %}{% for i in range(7, 1, -2) %} {{ i }}{% endfor %}{{ range(2, 4) | list }}',
    '{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }} {{ True }} {{ None is none }}',
    "{{ strftime_now('%Y-%m-%d %b %B %H %% %q') }}{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice('a') }}",
    '{{ messages | tojson }}\n{% if tools %}x{% endif %}   {{- messages[-1].content | trim | upper }}',
  ])
    expect(compile(source)(variables)).toBe(new Template(source).render(variables));
});

test('a long conversation is well within the bounds', () => {
  const text = compile(GEMMA3_CHAT_TEMPLATE)({ messages: talk(2001), bos_token: '', add_generation_prompt: true });
  expect(text.split('<start_of_turn>')).toHaveLength(2001 + 2);
});

test.each([
  ['a range of a billion', '{% for i in range(1000000000) %}x{% endfor %}', /range\(\) of 1000000000 numbers/],
  ['loops in loops', `${'{% for i in range(999) %}'.repeat(4)}x${'{% endfor %}'.repeat(4)}`, /come to an end/],
  ['empty loops in loops', `${'{% for i in range(99999) %}'.repeat(3)}${'{% endfor %}'.repeat(3)}`, /come to an end/],
  [
    'a text that doubles',
    "{% set ns = namespace(s='0123456789') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    /string of more than/,
  ],
  [
    'a format of time with millions of directives',
    "{% set ns = namespace(s='%b') %}{% for i in range(20) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ strftime_now(ns.s) }}",
    /strftime_now\(\) of \d+ characters/,
  ],
  ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /./],
])('%s is refused by name, and does not run on', (_, source, reason) => {
  const render = compileChatTemplate({ source, from: 'chat_template.jinja' }, new Map());
  let thrown: unknown;
  try {
    render([]);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(FailureError);
  expect(thrown).toMatchObject({ code: 'unsupported-package', detail: { file: 'chat_template.jinja' } });
  expect(String(thrown)).toMatch(reason);
});

test('source of megabytes, and brackets in brackets, are a broken file', () => {
  for (const source of ['x'.repeat(200_001), `{{ ${'('.repeat(90_000)} }}`])
    expect(() => compileChatTemplate({ source, from: 'chat_template.jinja' }, new Map())).toThrow(/file-broken/);
});
