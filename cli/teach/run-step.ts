/** Runs a step of the plan as a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tools } from '../../scripts/node-process.ts';
import type { CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import type { Step } from './plan.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @param python name or absolute path of the interpreter
 * @throws CommandError where the process does not start or fails; the reason of the signal
 */
export async function runStep({ run }: Step, python: string, io: CommandIo): Promise<void> {
  io.signal.throwIfAborted();
  const [program, args, cwd] =
    'python' in run
      ? [python, ['-m', ...run.python], join(root, 'training')]
      : [process.execPath, [...tools.tsx, ...run.node], root];
  // Handing over the terminal lets the child draw its progress bar.
  const isOwn = io.stdout === process.stdout && io.stderr === process.stderr;
  const output = isOwn ? 'inherit' : 'pipe';
  const child = spawn(program, args, { cwd, stdio: ['ignore', output, output] });
  child.stdout?.pipe(io.stdout, { end: false });
  child.stderr?.pipe(io.stderr, { end: false });
  const stop = () => child.kill();
  io.signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((done, failed) => {
      child.on('error', (cause) => {
        failed(
          new CommandError(`${program} does not start (${cause.message}); name a Python with --python`, { cause }),
        );
      });
      child.on('close', (status, signal) => {
        if (status === 0) done();
        else failed(new CommandError(`${program} ${args.join(' ')}\nended with ${signal ?? status}`));
      });
    });
  } catch (error) {
    // A stopped child fails; the reason is what stopped it.
    io.signal.throwIfAborted();
    throw error;
  } finally {
    io.signal.removeEventListener('abort', stop);
  }
}
