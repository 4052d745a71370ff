import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commitsSinceRelease } from '../../../cli/teach/since-release.ts';

let folder: string;
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

async function commit(file: string, content: string): Promise<string> {
  await writeFile(join(folder, file), content);
  git('add', '.');
  git('commit', '-m', content);
  return git('log', '-1', '--format=%h');
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'since-release-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('counts the commits of what it looks at since the last release', async () => {
  expect(await commitsSinceRelease(folder, ['models'])).toBeUndefined();
  git('init', '-b', 'main');
  await commit('models', 'first');
  expect(await commitsSinceRelease(folder, ['models'])).toBeUndefined();
  git('tag', 'v1.0.0');
  expect(await commitsSinceRelease(folder, ['models'])).toEqual({ release: 'v1.0.0', commits: [] });
  await commit('other', 'else');
  git('tag', 'not-a-release');
  const second = await commit('models', 'second');
  const third = await commit('models', 'third');
  expect(await commitsSinceRelease(folder, ['models'])).toEqual({ release: 'v1.0.0', commits: [third, second] });
  git('tag', 'v1.1.0');
  expect(await commitsSinceRelease(folder, ['models'])).toEqual({ release: 'v1.1.0', commits: [] });
});
