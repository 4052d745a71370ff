/** Runs a command in a process of its own. */
import type { CommandMain } from './command.ts';
import { StoppedError, systemCode } from './errors.ts';

/** Sets the exit status of the process. The first signal lets the command clean up; a second one ends the process at once. */
export async function runProcess(main: CommandMain): Promise<void> {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => abort.abort(new StoppedError(signal)));
  }
  let outputFailed = false;
  const onOutputError = (error: Error) => {
    if (outputFailed) return;
    outputFailed = true;
    process.exitCode = 1;
    // The reader of a pipe has ended, as in `… | head`.
    if (systemCode(error) === 'EPIPE') return abort.abort(new StoppedError('SIGPIPE'));
    process.stderr.write(
      `error: the output cannot be written (${systemCode(error) ?? error.message}); free some space\n`,
    );
  };
  process.stdout.on('error', onOutputError);
  process.stderr.on('error', onOutputError);
  const { stdout, stderr } = process;
  const status = await main(process.argv.slice(2), { stdout, stderr, signal: abort.signal });
  process.exitCode = outputFailed && status === 0 ? 1 : status;
}
