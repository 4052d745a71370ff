/** The self-test of a package, computed in a process of its own: a runtime that holds the whole model is no part of the export's memory. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { selfTestSchema, type SelfTest } from '#core/self-test/expected.ts';
import { check } from '#core/schema/schema.ts';
import { tools } from '../../scripts/node-process.ts';
import { CommandError } from '../shared/errors.ts';

const MAIN = fileURLToPath(new URL('./self-test-main.ts', import.meta.url));

/**
 * Answers with the package on ONNX Runtime's CPU provider. @param folder of the package, without a manifest yet
 * @throws CommandError with what the process said; the reason of `signal`
 */
export async function computeSelfTest(folder: string, signal: AbortSignal | undefined): Promise<SelfTest> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [...tools.tsx, MAIN, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  try {
    const status = await new Promise<number | string | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, by) => resolve(code ?? by));
    });
    signal?.throwIfAborted();
    if (status !== 0) throw new CommandError(errors.trim() || `its process ended with ${status}`);
    const json: unknown = JSON.parse(output);
    return check(selfTestSchema, json, (problem) => new CommandError(`its values are wrong: ${problem}`));
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
