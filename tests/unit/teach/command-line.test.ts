/** The parts of `npm run teach` that need no Python; tests/unit/training/teach.test.ts runs the whole of it. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../../cli/teach/command.ts';
import { plan, SMOKE } from '../../../cli/teach/plan.ts';
import { main as ship } from '../../../cli/teach/ship-command.ts';
import { StoppedError } from '../../../cli/shared/errors.ts';
import { runCommandHere, temporaryFolder } from '../cli/run.ts';

/** A run whose next step is Python's. */
async function startedRun(): Promise<string> {
  const folder = await temporaryFolder();
  for (const { done } of plan(folder, 0, SMOKE).slice(0, 2)) {
    await mkdir(dirname(join(folder, done)), { recursive: true });
    await writeFile(join(folder, done), '');
  }
  return folder;
}

describe('npm run teach', () => {
  it('lists what is done and what is left, and starts nothing', async () => {
    const folder = await startedRun();
    const { status, stdout, stderr } = await runCommandHere(main, ['--out', folder, '--smoke', '--list']);
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(plan(folder, 0, SMOKE).length);
    expect(lines.slice(0, 3)).toEqual(['done  phantoms train', 'done  phantoms evaluation', 'left  base']);
    expect((await readdir(folder)).sort()).toEqual(['evaluation', 'train']);
  });

  it('says which program does not start, and that the same command continues', async () => {
    const folder = await startedRun();
    const args = ['--out', folder, '--smoke', '--python', '/nowhere/python'];
    const { status, stdout, stderr } = await runCommandHere(main, args);
    expect(stderr).toMatch(
      /^error: \/nowhere\/python does not start \(.*\); name a Python with --python\nThe same command continues from here\.\n$/,
    );
    expect(stdout).toContain('[1/');
    expect(status).toBe(1);
  });

  it('says how a step failed, and refuses another seed in the same folder', async () => {
    const folder = await startedRun();
    const failed = await runCommandHere(main, ['--out', folder, '--smoke', '--python', 'false']);
    expect(failed.stderr).toMatch(/^error: false -m teaching\.base .*\nended with 1$/m);
    const other = await runCommandHere(main, ['--out', folder, '--smoke', '--seed', '1', '--python', 'false']);
    expect(other.stderr).toMatch(/^error: .* holds a run with another seed or other amounts; name a new folder/);
    expect([failed.status, other.status]).toEqual([1, 1]);
  });

  it('ends a step that succeeds without its result', async () => {
    const folder = await startedRun();
    const { stderr } = await runCommandHere(main, ['--out', folder, '--smoke', '--python', 'true']);
    expect(stderr).toMatch(/^error: base ended with status 0 but wrote no .*base\/evaluation\.json$/m);
  });

  it('stops its step with it', async () => {
    const folder = await startedRun();
    await writeFile(join(folder, 'sleeper'), '#!/bin/sh\necho started\nexec sleep 60\n', { mode: 0o755 });
    const abort = new AbortController();
    const ended = runCommandHere(main, ['--out', folder, '--smoke', '--python', join(folder, 'sleeper')], abort.signal);
    setTimeout(() => abort.abort(new StoppedError('SIGINT')), 500);
    const { status, stderr } = await ended;
    expect(stderr).toMatch(
      /^error: stopped by SIGINT; finished steps are kept\nThe same command continues from here\.\n$/,
    );
    expect(status).toBe(130);
  });
});

describe('npm run teach:ship', () => {
  it('names what a run lacks and writes nothing', async () => {
    const folder = await temporaryFolder();
    const args = ['--run', folder, '--out', join(folder, 'models'), '--again'];
    const { status, stdout, stderr } = await runCommandHere(ship, args);
    expect(stderr).toMatch(/^error: .* has no models\/teaching-base-fp16, no .*; npm run teach makes them\n$/);
    expect([status, stdout]).toEqual([1, '']);
    expect(await readdir(folder)).toEqual([]);
  });
});
