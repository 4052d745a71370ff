/** What every command line is made of: a function of its arguments that writes to given streams and returns an exit status. */
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import { StoppedError, userMessage } from './errors.ts';

export interface CommandIo {
  /** Results. */
  readonly stdout: NodeJS.WritableStream;
  /** Progress, warnings and errors. */
  readonly stderr: NodeJS.WritableStream;
  /** Aborted by Ctrl-C; its reason is a StoppedError. */
  readonly signal: AbortSignal;
}

/** Resolves with the exit status; rejects never. */
export type CommandMain = (args: readonly string[], io: CommandIo) => Promise<number>;

/** A Commander program that throws instead of ending the process. Subcommands made with `.command()` do the same. */
export function createCommand(name: string, io: CommandIo): Command {
  return new Command(name).exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
  });
}

export function printLine(stream: NodeJS.WritableStream, text: string): void {
  stream.write(`${text}\n`);
}

export interface CommandTexts {
  /** Said behind "stopped by SIGINT". */
  stopped?: string;
  /** A line below any error but one of usage. */
  afterError?: string;
}

/**
 * Runs a command and reports what it throws: a usage error as Commander words it, an error that a person can act on as one
 * line, a defect with its stack.
 * @returns 0; 1 after an error; 128 and the number of the signal after one (130 for Ctrl-C), as shells have it
 */
export async function runCommand(
  io: CommandIo,
  work: () => Promise<void>,
  { stopped = 'nothing was kept', afterError }: CommandTexts = {},
): Promise<number> {
  try {
    await work();
    return 0;
  } catch (thrown) {
    // Commander has written its message.
    if (thrown instanceof CommanderError) return thrown.exitCode;
    const error: unknown = isAbort(thrown) && io.signal.aborted ? io.signal.reason : thrown;
    const isStop = error instanceof StoppedError;
    const message = isStop ? `${error.message}; ${stopped}` : userMessage(error);
    printLine(io.stderr, message === undefined ? inspect(error) : `error: ${message}`);
    if (afterError !== undefined) printLine(io.stderr, afterError);
    return isStop ? 128 + constants.signals[error.signal] : 1;
  }
}

/** Node's own functions throw this in place of the reason of the signal. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
