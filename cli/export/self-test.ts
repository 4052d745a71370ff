/** The self-test of a package, computed in a process of its own: a runtime that holds the whole model is no part of the export's memory. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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
  const args = [...tools.tsx, MAIN, folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24, signal }).catch(
    (cause: unknown) => {
      signal?.throwIfAborted();
      const reason = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
      throw new CommandError(reason || String(cause), { cause });
    },
  );
  const json: unknown = JSON.parse(stdout);
  return check(selfTestSchema, json, (problem) => new CommandError(`its values are wrong: ${problem}`));
}
