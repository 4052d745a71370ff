/** A command line is a function of its arguments that writes to given streams and returns an exit status. */
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { Command, CommanderError, type Option } from 'commander';
import { StoppedError, userMessage } from './errors.ts';

export interface CommandIo {
  /** Results. */
  readonly stdout: NodeJS.WritableStream;
  /** Progress, warnings and errors. */
  readonly stderr: NodeJS.WritableStream;
  /** Aborted by Ctrl-C; its reason is a StoppedError. */
  readonly signal: AbortSignal;
}

/** Resolves with the exit status; never rejects. */
export type CommandMain = (args: readonly string[], io: CommandIo) => Promise<number>;

/** A Commander program that throws instead of ending the process. Subcommands made with `.command()` do the same. */
export function createCommand(name: string, io: CommandIo): Command {
  return new Program(name).exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
  });
}

/** Placeholders of options that take paths. */
const PATH = /^(?:folder|file|pack|program)$/u;

/** Refuses empty paths, which Node takes for the current folder: an unset variable of the shell leaves one. */
class Program extends Command {
  override createCommand(name?: string): Command {
    return new Program(name);
  }

  override addOption(option: Option): this {
    super.addOption(option);
    const placeholder = /[<[](\w+)(?:\.\.\.)?[>\]]/u.exec(option.flags)?.[1];
    if (placeholder === undefined || !PATH.test(placeholder)) return this;
    return this.on(`option:${option.name()}`, (value: unknown) => {
      if (value === '') this.error(`error: option '${option.flags}' is empty. Expected a path.`);
    });
  }
}

export function printLine(stream: NodeJS.WritableStream, text: string): void {
  stream.write(`${text}\n`);
}

export interface CommandTexts {
  /** Follows "stopped by SIGINT" in the message. A function is asked when the command has ended. */
  stopped?: string | (() => string);
  /** Line printed after every error except usage errors. */
  afterError?: string;
}

/**
 * Runs a command and prints what it throws: usage errors as Commander words them, errors that a person can act on as their
 * message, defects with their stack.
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
    const message = isStop
      ? `${error.message}; ${typeof stopped === 'string' ? stopped : stopped()}`
      : userMessage(error);
    printLine(io.stderr, message === undefined ? inspect(error) : `error: ${message}`);
    if (afterError !== undefined) printLine(io.stderr, afterError);
    return isStop ? 128 + constants.signals[error.signal] : 1;
  }
}

/** Some functions of Node throw an AbortError instead of the reason of the signal. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
