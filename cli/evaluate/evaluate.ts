/** Asks a package every question of a set, in several processes, because ONNX Runtime blocks the thread that it computes on. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../shared/errors.ts';
import type { Outcome } from './answer.ts';
import type { FromChild, ToChild } from './child.ts';
import { groupCount, type QuestionSet } from './questions.ts';

export interface EvaluateOptions {
  folder: string;
  set: QuestionSet;
  /** Number of child processes. */
  processes: number;
  signal?: AbortSignal;
  /** Called with the groups of questions done since the last call. */
  onProgress?: (groups: number) => void;
}

/**
 * The outcomes in the order of the set, the same for any number of processes.
 * @throws CommandError for a package that cannot be evaluated; the reason of `signal`
 */
export async function evaluate(options: EvaluateOptions): Promise<Outcome[]> {
  const { folder, set, processes, signal, onProgress } = options;
  signal?.throwIfAborted();
  const count = groupCount(set);
  const results: Outcome[][] = [];
  let next = 0;
  const children = Array.from({ length: Math.min(processes, count) }, startChild);
  try {
    const work = children.map(
      (child) =>
        new Promise<void>((resolve, reject) => {
          child.on('error', reject);
          child.on('exit', (status, by) =>
            reject(new Error(`a child process of the evaluation ended with ${status ?? by}`)),
          );
          child.on('message', (message: FromChild) => {
            if (message.type === 'failed') {
              return reject(message.expected ? new CommandError(message.message) : new Error(message.message));
            }
            if (message.type === 'outcomes') {
              results[message.group] = message.outcomes;
              onProgress?.(1);
            }
            if (next < count) tell(child, { type: 'ask', group: next++ });
            else resolve();
          });
          tell(child, { type: 'open', folder, set });
        }),
    );
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    await Promise.race([Promise.all(work), aborted]);
  } finally {
    for (const child of children) child.kill();
  }
  return results.flat();
}

function startChild(): ChildProcess {
  return fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
}

function tell(child: ChildProcess, message: ToChild): void {
  child.send(message);
}
