/** Text that people read comes from src/messages: lint finds it where it stands in a component. */
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

const eslint = new ESLint({
  ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-syntax',
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
});

async function findings(template: string): Promise<number> {
  const code = `<script lang="ts">\n  let { text }: { text: string } = $props();\n</script>\n\n${template}\n`;
  const [result] = await eslint.lintText(code, { filePath: 'src/ui/Example.svelte' });
  if (!result || result.messages.some(({ fatal }) => fatal)) throw new Error(JSON.stringify(result?.messages));
  return result.messages.length;
}

test.for([
  '<p>안녕하세요</p>',
  '<p>Hello</p>',
  '<p><b>{text}</b> tokens</p>',
  "<p>{'Hello'}</p>",
  '<p>{`${text} tokens`}</p>',
  "<p>{text ? '있음' : text}</p>",
  '{#if text}<p>Hello</p>{/if}',
  '<button aria-label="닫기">{text}</button>',
  '<button aria-label="Close">{text}</button>',
  "<button aria-label={'Close'}>{text}</button>",
  '<button title={`Close ${text}`}>{text}</button>',
  '<img alt="A photograph" src={text} />',
  '<input placeholder="Ask anything" />',
  '<Modal closeLabel="Close" />',
])('finds the text in %s', async (template) => {
  expect(await findings(template)).toBeGreaterThan(0);
});

test.for([
  "<p>{t('chat.send')}</p>",
  '<p>{text} / 12 %</p>',
  '<p class="note" lang="ko">{text}</p>',
  '<button aria-label={t(\'dialog.close\')} type="button">{text}</button>',
  '<img alt="" src={text} />',
  '<p>{text}</p><style>p { color: red; }</style>',
])('lets %s through', async (template) => {
  expect(await findings(template)).toBe(0);
});
