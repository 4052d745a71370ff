/** Processor time of a page's worker threads, which other programs on the machine do not change. Linux only. */
import { readdir, readFile } from 'node:fs/promises';

/** Linux cuts thread names after 15 characters. */
const WORKER = 'DedicatedWorker';

/**
 * Milliseconds that the live dedicated workers of a browser have computed since they started; NaN on other systems than Linux.
 * @param profile folder of the browser's profile, by which its process is found
 */
export async function workerTime(profile: string): Promise<number> {
  if (process.platform !== 'linux') return NaN;
  let nanoseconds = 0;
  for (const id of await descendants(profile))
    for (const task of await list(`/proc/${id}/task`)) {
      const path = `/proc/${id}/task/${task}`;
      if (!(await read(`${path}/comm`)).startsWith(WORKER)) continue;
      nanoseconds += Number((await read(`${path}/schedstat`)).split(' ')[0] ?? NaN);
    }
  return nanoseconds / 1e6;
}

/**
 * Milliseconds that each kind of thread of a browser has computed since it started, by process type and thread name; workers one by one:
 * `renderer DedicatedWorker 1`. Threads that have ended are not counted. Empty on other systems than Linux.
 * @param profile folder of the browser's profile, by which its process is found
 */
export async function threadTimes(profile: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  if (process.platform !== 'linux') return times;
  for (const id of await descendants(profile)) {
    const command = await read(`/proc/${id}/cmdline`);
    const type = /--utility-sub-type=([a-z]+)/.exec(command)?.[1] ?? /--type=([a-z-]+)/.exec(command)?.[1] ?? 'browser';
    let workers = 0;
    // In the order in which they began.
    for (const task of (await list(`/proc/${id}/task`)).sort((a, b) => Number(a) - Number(b))) {
      const path = `/proc/${id}/task/${task}`;
      const thread = (await read(`${path}/comm`)).trim().replace(/[/\d]*$/, '');
      const name = `${type} ${thread}${thread === WORKER ? ` ${++workers}` : ''}`;
      const nanoseconds = Number((await read(`${path}/schedstat`)).split(' ')[0]) || 0;
      times.set(name, (times.get(name) ?? 0) + nanoseconds / 1e6);
    }
  }
  return times;
}

/** The process with the profile in its command line, and all that it started. */
export async function descendants(profile: string): Promise<Set<string>> {
  const parents = new Map<string, string>();
  const found = new Set<string>();
  for (const id of await list('/proc')) {
    if (!/^\d+$/.test(id)) continue;
    // After the name in parentheses: state, parent.
    const parent = /\) \S (\d+)/.exec(await read(`/proc/${id}/stat`))?.[1];
    if (parent === undefined) continue;
    parents.set(id, parent);
    if ((await read(`/proc/${id}/cmdline`)).includes(`--user-data-dir=${profile}`)) found.add(id);
  }
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [id, parent] of parents) if (found.has(parent)) found.add(id);
  }
  return found;
}

/** A process may end while it is read. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function list(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}
