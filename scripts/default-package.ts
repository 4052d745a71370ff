/**
 * Makes the package that the page opens by itself: the q4 export of the test fixture with a stand-in tokenizer. Its
 * weights are random, and its manifest says so.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJsonObject, readJson } from '../exporter/checkpoint.ts';
import { exportPackage } from '../exporter/export-package.ts';
import { VISION_DTYPE } from '../exporter/graphs.ts';
import { writeStandInTokenizer } from './stand-in-tokenizer.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Room for a few turns; the fixture's own 512 are less than two hundred Korean syllables in bytes. */
const context = 4096;

export async function writeDefaultPackage(out: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-default-'));
  // The manifest tells its name.
  const checkpoint = join(folder, 'gemma3-tiny');
  try {
    await cp(join(root, 'tests/fixtures/gemma3-tiny/checkpoint'), checkpoint, { recursive: true });
    const config = await readJson(checkpoint, 'config.json');
    const text = config['text_config'];
    if (!isJsonObject(text)) throw new Error('config.json of the fixture has no text_config');
    text['max_position_embeddings'] = context;
    await writeFile(join(checkpoint, 'config.json'), JSON.stringify(config));
    await writeStandInTokenizer(checkpoint);
    await rm(out, { recursive: true, force: true });
    await exportPackage(
      {
        checkpoint,
        out,
        dtype: 'q4',
        visionDtype: VISION_DTYPE.q4,
        blockSize: 32,
        context,
        name: 'gemma3-tiny (random)',
        randomWeights: true,
        notice: 'Random weights of the Gemma 3 architecture, made for tests. It has learnt nothing.',
      },
      { note: console.log, warn: console.warn, progress: () => ({ add() {}, stop() {} }) },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = join(root, 'public/models/default');
  await writeDefaultPackage(out);
  console.log(`default package: ${out}`);
}
