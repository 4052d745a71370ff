/** What strangers read first: short, in both languages, and without a link that leads nowhere. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');

const READMES = [
  { path: 'README.md', other: 'README.ko.md' },
  { path: 'README.ko.md', other: 'README.md' },
] as const;

describe.each(READMES)('$path', ({ path, other }) => {
  it('is read in two minutes, and links to the other language at its top', async () => {
    const lines = (await read(path)).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(120);
    expect(lines.slice(0, 4).join('\n')).toContain(`](${other})`);
  });

  it('has the two commands, the picture, and what has to be said of the weights', async () => {
    const text = await read(path);
    for (const command of ['npm ci && npm run demo ', 'npm ci && npm test ']) expect(text).toContain(command);
    expect(text).toContain('](docs/images/answer.png)');
    expect(text.replaceAll(/\s+/gu, ' ')).toContain(
      '“HAI-DEF is provided under and subject to the Health AI Developer Foundations Terms of Use found at ' +
        'https://developers.google.com/health-ai-developer-foundations/terms”',
    );
  });
});

it('the picture is small', async () => {
  expect((await stat(join(root, 'docs/images/answer.png'))).size).toBeLessThanOrEqual(200_000);
});

/** As GitHub makes them of headings: lower case, spaces to hyphens, punctuation away. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gmu)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

const documents = [
  ...(await readdir(root)),
  ...(await readdir(join(root, 'docs'))).map((name) => `docs/${name}`),
  ...(await readdir(join(root, 'docs/decisions'))).map((name) => `docs/decisions/${name}`),
  ...['training/README.md', 'public/models/README.md'],
].filter((path) => path.endsWith('.md'));

it.each(documents)('every link of %s leads to a file and a heading that there are', async (path) => {
  const text = await read(path);
  const wrong: string[] = [];
  for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/gu)) {
    if (/^https?:/u.test(link)) continue;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(root, target))) wrong.push(link);
    else if (anchor !== undefined && !anchorsOf(await read(target)).has(decodeURIComponent(anchor))) wrong.push(link);
  }
  expect(wrong).toEqual([]);
});

it('a heading becomes the anchor that GitHub gives it', () => {
  expect([...anchorsOf('# What `x` is, and not\n\n## 패키지 열기\n')]).toEqual(['what-x-is-and-not', '패키지-열기']);
});
