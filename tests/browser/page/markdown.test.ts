import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { GrowingMarkdown, renderBlocks } from '../../../src/chat/markdown.ts';

function render(text: string): HTMLElement {
  const root = document.createElement('div');
  root.innerHTML = renderBlocks(text).join('');
  return root;
}

test('Markdown becomes elements, block by block', () => {
  expect(renderBlocks('# 제목\n\n문단 **굵게**\n\n- 하나\n- 둘')).toHaveLength(3);
  expect(render('| a | b |\n|---|---|\n| 1 | 2 |').querySelectorAll('td')).toHaveLength(2);
});

test('HTML is shown, not run', () => {
  const root = render('<img src=x onerror="alert(1)"> 글 <b onclick="x()">b</b>\n\n<script>alert(1)</script>');
  expect(root.querySelector('img, script, b')).toBeNull();
  expect(root.textContent).toContain('<script>alert(1)</script>');
});

test('no picture is fetched', () => {
  expect(render('![그림](https://example.org/a.png)').querySelector('img')).toBeNull();
});

test('links open apart and lead only to web or mail', () => {
  const link = render('[a](https://example.org)').querySelector('a');
  expect(link?.getAttribute('target')).toBe('_blank');
  expect(link?.getAttribute('rel')).toContain('noopener');
  for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x'])
    expect(render(`[a](${bad})`).querySelector('a')?.hasAttribute('href') ?? false).toBe(false);
});

const MANY_RUNS = 300;

/** Lines that mean something to Markdown, also across blocks: joined at random they meet in all ways. */
const line = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      '',
      '',
      '문단 **굵게** `코드`',
      'a https://example.org b',
      '# 제목',
      '===',
      '---',
      '- 하나',
      '  - 둘',
      '1. 첫째',
      '10) 열째',
    ],
    ...[
      '- ',
      '  이어서',
      '    코드',
      '\t탭',
      '> 인용',
      '>> 겹',
      '```',
      '```js',
      '~~~',
      '  ```',
      '| a | b |',
      '|---|---|',
      '| 1 | 2 |',
      'a | b',
    ],
    ...[
      '-|-',
      '<div>',
      '</div>',
      '<!-- 주석',
      '-->',
      '<script>',
      '</script>',
      '<b>x</b>',
      '<a href="x">',
      '</a>',
      '[링크]',
      '[링크][x]',
    ],
    ...[
      '[링크]: https://example.org',
      '[링크',
      ']: https://example.org',
      '> [x]: /a',
      '- [x]: https://a.b',
      '[x]:',
      '"제목"',
      '![그림](a.png)',
    ],
    ...['* * *', '\\', '줄 끝  ', '*', '**', '- [ ] 할 일', '- [x] 한 일', '&amp; <', '$x$', '\r', '\r\n'],
  ),
  fc.string({ maxLength: 6 }),
);
const document_ = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\n', '\n\n', '\n\n\n', '', ' \n')), { maxLength: 24 })
  .map((lines) => lines.flat().join(''));

test('a growing text gives at every length what the whole gives', () => {
  fc.assert(
    fc.property(document_, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }), (text, steps) => {
      const growing = new GrowingMarkdown();
      for (let length = 0, step = 0; length < text.length; step++) {
        length += steps[step % steps.length] ?? 1;
        expect(growing.render(text.slice(0, length))).toEqual(renderBlocks(text.slice(0, length)));
      }
    }),
    { numRuns: MANY_RUNS },
  );
});

test('another text is rendered from its beginning', () => {
  const growing = new GrowingMarkdown();
  growing.render('하나\n\n둘\n\n셋\n\n넷');
  expect(growing.render('다섯\n\n둘')).toEqual(renderBlocks('다섯\n\n둘'));
});

test('finished blocks are not rendered again', () => {
  const text = '문단 **하나**, `코드`, [링크](https://example.org)\n\n'.repeat(200);
  const growing = new GrowingMarkdown();
  growing.render(text);
  // Each block is parsed once, to be made safe.
  const parse = vi.spyOn(DOMParser.prototype, 'parseFromString');
  onTestFinished(() => parse.mockRestore());
  renderBlocks(`${text}가`);
  expect(parse).toHaveBeenCalledTimes(201);
  parse.mockClear();
  for (let length = 1; length <= 10; length++) growing.render(text + '가'.repeat(length));
  // The last blocks may still change with what follows.
  expect(parse.mock.calls.length).toBeLessThanOrEqual(10 * 3);
});
