/** Runs commands for tests: in this process where the result counts, in a process of their own where the process counts. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { CommandIo, CommandMain } from '../../../cli/shared/command.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Finished {
  status: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

/** An empty folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'command-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Streams that keep what is written to them. */
export function collectingIo(signal = new AbortController().signal): {
  io: CommandIo;
  texts: () => Omit<Finished, 'status'>;
} {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      decodeStrings: false,
      write(chunk, _, done) {
        texts[name] += String(chunk);
        done();
      },
    });
  return { io: { stdout: stream('stdout'), stderr: stream('stderr'), signal }, texts: () => ({ ...texts }) };
}

export async function runCommandHere(
  main: CommandMain,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<Finished> {
  const { io, texts } = collectingIo(signal);
  const status = await main(args, io);
  return { status, ...texts() };
}

/** Arguments of Node that run the entry file of a command. */
export function entry(command: string): string[] {
  return ['--import', 'tsx', `cli/${command}/main.ts`];
}

export function runNodeProcess(args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ status: error ? error.code : 0, stdout, stderr }),
    );
  });
}

export interface StartedProcess {
  kill(signal: NodeJS.Signals): void;
  /** What it has written to stderr. */
  stderr(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

/** Starts a process that the test ends with a signal. */
export function startNodeProcess(args: readonly string[]): StartedProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<Awaited<StartedProcess['ended']>>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, stderr })),
  );
  return { kill: (signal) => void child.kill(signal), stderr: () => stderr, ended };
}
