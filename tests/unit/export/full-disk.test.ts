import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exportPackage } from '../../../cli/export/export-package.ts';
import { collectingReport, FIXTURE, options, temporaryFolder } from './workbench.ts';

/** A file system of its own, of `megabytes`; undefined where this process may not mount one. */
async function smallDisk(megabytes: number): Promise<string | undefined> {
  const folder = join(await temporaryFolder(), 'disk');
  await mkdir(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [folder]));
  return folder;
}

describe('a full disk', () => {
  it('is seen before the first byte', async ({ skip }) => {
    const disk = await smallDisk(1);
    if (!disk) return skip('needs the right to mount a tmpfs');
    const out = join(disk, 'package');
    await expect(exportPackage(options(FIXTURE, out, 'q4'), collectingReport())).rejects.toThrow(
      /no space left in .*disk: \d\.\d MB are needed, 1\.0 MB are free/,
    );
    expect(await readdir(disk)).toEqual([]);
  });

  it('that fills up on the way leaves nothing of ours', async ({ skip }) => {
    const disk = await smallDisk(8);
    if (!disk) return skip('needs the right to mount a tmpfs');
    const report = collectingReport();
    report.progress = () => ({
      add: () => {
        // Somebody else takes all that is left.
        if (readdirSync(disk).includes('other')) return;
        expect(() => writeFileSync(join(disk, 'other'), new Uint8Array(9 * 2 ** 20))).toThrow('ENOSPC');
      },
      stop: () => undefined,
    });
    const out = join(disk, 'package');
    await expect(exportPackage(options(FIXTURE, out, 'q4'), report)).rejects.toThrow(
      /no space left while writing .*package/,
    );
    expect(await readdir(disk)).toEqual(['other']);
  });
});
