/** Runs tools of node_modules as Node processes in the repository. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Arguments for Node that start each tool. */
export const tools = {
  tsx: ['--import', 'tsx'],
  tsc: ['node_modules/typescript/bin/tsc'],
  svelteCheck: ['node_modules/svelte-check/bin/svelte-check'],
  prettier: ['node_modules/prettier/bin/prettier.cjs'],
  eslint: ['node_modules/eslint/bin/eslint.js'],
  vitest: ['node_modules/vitest/vitest.mjs'],
  vite: ['node_modules/vite/bin/vite.js'],
  playwright: ['node_modules/@playwright/test/cli.js'],
} as const;

/** Runs Node with inherited output and no input. @returns whether it ended with status 0 */
export function runNode(args: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (status) => resolve(status === 0));
  });
}

export interface BesideOptions {
  /** Before each line of output: several processes print at once. */
  prefix: string;
  env?: Record<string, string>;
  /** Ends the process and those that it started. */
  signal: AbortSignal;
}

/** As `runNode`, beside others: its output line by line on ours. */
export function runNodeBeside(args: readonly string[], { prefix, env = {}, signal }: BesideOptions): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(false);
    // In a process group of its own, which ends as a whole; Windows has none.
    const detached = process.platform !== 'win32';
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      detached,
    });
    const end = () => {
      if (child.pid === undefined) return;
      if (detached) killGroup(child.pid);
      else child.kill();
    };
    signal.addEventListener('abort', end);
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => console.log(`${prefix}${line}`));
    child.on('error', reject);
    child.on('close', (status) => {
      signal.removeEventListener('abort', end);
      resolve(status === 0);
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (error) {
    // It ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

export interface NodeJob {
  name: string;
  args: readonly string[];
}

/**
 * Runs jobs, as many at a time as there are processors, at least two, and prints the output of each failed one.
 * @returns names of the jobs that failed
 */
export async function runNodeJobs(jobs: readonly NodeJob[]): Promise<string[]> {
  const waiting = [...jobs];
  const failed: string[] = [];
  const work = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const { status, output } = await capture(job.args);
      if (status !== 0) failed.push(job.name);
      console.log(`${status === 0 ? 'ok    ' : 'failed'} ${job.name}`);
      if (status !== 0) console.log(output);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
  return failed;
}

function capture(args: readonly string[]): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => (output += text));
    }
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}
