/** Packages with random weights that stand in for the page's own in tests of what surrounds the model. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import type { RandomPackageOptions } from '../reference/random-package.ts';

/** Gemma's turns; for a question with "hang" in it a loop that nobody sees the end of, in which the worker hears nothing. */
const HANGING_TEMPLATE = `{{ bos_token }}{%- if 'hang' in messages[0].content[0].text -%}
${'{%- for i in range(1000) -%}'.repeat(7)}${'{%- endfor -%}'.repeat(7)}
{%- endif -%}
{%- for message in messages -%}
<start_of_turn>{{ 'model' if message.role == 'assistant' else message.role }}
{{ message.content[0].text }}<end_of_turn>
{% endfor -%}
<start_of_turn>model
`;

export const PACKAGES = {
  /** Writes on until it is stopped. */
  random: {},
  /** Treated as the teaching model, though it has learnt nothing. */
  teaching: { teaches: 'phantoms' },
  /** Also ends its answers, at once: whatever it says first ends them. With fewer such ids it might repeat another for ever. */
  'teaching-brief': { teaches: 'phantoms', endTokens: Array.from({ length: 512 }, (_, id) => id) },
  'hanging-template': { template: HANGING_TEMPLATE },
} as const satisfies Record<string, RandomPackageOptions>;

export type PackageName = keyof typeof PACKAGES;

const folder = fileURLToPath(new URL('../../.cache/e2e', import.meta.url));

export function packageFolder(name: PackageName): string {
  return join(folder, name);
}

export function isPackageName(name: string): name is PackageName {
  return name in PACKAGES;
}

export const BUILT_IN_ADDRESS = `/models/${DEFAULT_PACKAGE.folder}/`;
/** site.ts reads it. */
export const PACKAGE_COOKIE = 'stand-in-package';

/** What the pages of this browser, served by site.ts, ask for as their built-in model is this package. */
export async function servePackage(page: Page, name: PackageName): Promise<void> {
  await page.context().addCookies([{ name: PACKAGE_COOKIE, value: name, domain: 'localhost', path: '/' }]);
}
