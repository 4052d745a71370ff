/** What only a process of its own shows: its exit status, and output that cannot be written. */
import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entry, ROOT, runNodeProcess, temporaryFolder } from './run.ts';

const INSPECT = [...entry('korean'), 'inspect', '--pack', 'public/korean/ko-8960.json'];

describe('a command line', { timeout: 60_000 }, () => {
  it('fails with a message where its output cannot be written', async ({ skip }) => {
    let full: number;
    try {
      full = openSync('/dev/full', 'w');
    } catch {
      return skip('needs /dev/full');
    }
    const child = spawn(process.execPath, INSPECT, { cwd: ROOT, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let stderr = '';
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('error: the output cannot be written (ENOSPC); free some space\n');
    expect(status).toBe(1);
  });

  it('ends quietly and leaves nothing when its reader does not want more', async () => {
    const out = join(await temporaryFolder(), 'set');
    const args = [...entry('phantoms'), '--seed', '0', '--count', '300000', '--out', out];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    // The progress goes to stderr: its reader ends after the first line.
    await new Promise((resolve) => child.stderr.once('data', resolve));
    child.stderr.destroy();
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(141);
    expect(await readdir(join(out, '..'))).toEqual([]);
  });

  it('writes a checkpoint with random weights, and refuses to write it twice', async () => {
    const out = join(await temporaryFolder(), 'checkpoint');
    const args = [...entry('random-checkpoint'), '--preset', 'tiny', '--out', out];
    const written = await runNodeProcess(args);
    expect(written).toMatchObject({ status: 0, stdout: `${out}: 3.9 MB of random weights\n` });
    expect(written.stderr).toMatch(/100% \| 3\.9 of 3\.9 MB/);
    const again = await runNodeProcess(args);
    expect(again).toMatchObject({ status: 1, stdout: '' });
    expect(again.stderr).toMatch(/^error: .*checkpoint already holds something \(.*\); name a new or empty folder/);
  });
});
