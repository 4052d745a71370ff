import { expect, test } from 'vitest';
import { renderBlocks } from '../../../src/chat/markdown.ts';

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
