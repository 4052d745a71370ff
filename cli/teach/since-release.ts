/** Finds commits of models since the last release, because each one stays in every clone. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface SinceRelease {
  /** Newest tag `v*` before the current commit. */
  release: string;
  /** Short hashes, newest first. */
  commits: string[];
}

/**
 * @param repository folder with `.git`
 * @param paths paths in it, relative
 * @returns undefined where there is no git repository or no release yet
 */
export async function commitsSinceRelease(
  repository: string,
  paths: readonly string[],
): Promise<SinceRelease | undefined> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', args, { cwd: repository })).stdout.trim();
  let release: string;
  try {
    release = await git('describe', '--tags', '--abbrev=0', '--match', 'v*');
  } catch {
    return undefined;
  }
  const hashes = await git('log', '--format=%h', `${release}..HEAD`, '--', ...paths);
  return { release, commits: hashes === '' ? [] : hashes.split('\n') };
}
