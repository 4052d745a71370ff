/** Exports the packages that the browser tests load over HTTP from tests/packages. */
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { writeStandInTokenizer } from '../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { computeSelfTest } from '../../cli/export/self-test.ts';
import { writeKoreanPack } from '../reference/korean.ts';
import { exportFixture, fixture } from '../reference/node.ts';
import { writeEnginePackages } from './engine/packages.ts';
import { writeTrainerPackages } from './trainer/packages.ts';

const folder = new URL('../packages', import.meta.url).pathname;
const cache = new URL('../../.cache', import.meta.url).pathname;

export async function setup(): Promise<void> {
  // Elsewhere, then renamed: another run may be reading what is there.
  await mkdir(cache, { recursive: true });
  const fresh = `${cache}/packages-${process.pid}`;
  for (const dtype of ['fp32', 'q8', 'q4', 'q4f16'] as const) await exportFixture(`${fresh}/${dtype}`, dtype);
  await writeEnginePackages(fresh);
  await writeTrainerPackages(fresh, `${fresh}/chat`);
  // What packages are made of, in the page.
  await cp(`${fixture}checkpoint`, `${fresh}/checkpoint`, { recursive: true });
  await writeStandInTokenizer(`${fresh}/checkpoint`);
  await writeKoreanPack(`${fresh}/checkpoint/tokenizer.json`, `${fresh}/ko-5.json`);
  // What the page makes of it must be the same.
  await exportFixture(`${fresh}/made`, 'q4f16', {
    ...{ checkpoint: `${fresh}/checkpoint`, name: 'made', selfTest: computeSelfTest },
    korean: { pack: `${fresh}/ko-5.json`, init: 'mean', untie: false },
  });
  const old = `${cache}/packages-${process.pid}-old`;
  await rename(folder, old).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}
