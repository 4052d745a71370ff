/** A small package with random weights for tests: the export of the test fixture in q4 with a stand-in tokenizer. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Teaches } from '#core/protocol/manifest.ts';
import { VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { isJsonObject } from '#core/json.ts';
import { readJson } from './json.ts';
import { exportPackage } from '../../cli/export/export-package.ts';
import { writeStandInTokenizer } from '../../cli/random-checkpoint/stand-in-tokenizer.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Room for a few turns; the fixture's own 512 are less than two hundred Korean syllables in bytes. */
const context = 4096;

export interface RandomPackageOptions {
  /** The page then treats it as the teaching model, which it is not: for tests. */
  teaches?: Teaches;
  /** Ids that end an answer, in place of the fixture's. */
  endTokens?: readonly number[];
  /** `chat_template.jinja`; Gemma's own is used without it. */
  template?: string;
}

/** Replaces what is in `out`. */
export async function writeRandomPackage(
  out: string,
  { teaches, endTokens, template }: RandomPackageOptions = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-random-'));
  // The manifest tells its name.
  const checkpoint = join(folder, 'gemma3-tiny');
  try {
    await cp(join(root, 'tests/fixtures/gemma3-tiny/checkpoint'), checkpoint, { recursive: true });
    const config = await readJson(checkpoint, 'config.json');
    const text = config['text_config'];
    if (!isJsonObject(text)) throw new Error('config.json of the fixture has no text_config');
    text['max_position_embeddings'] = context;
    if (endTokens) config['eos_token_id'] = [...endTokens];
    await writeFile(join(checkpoint, 'config.json'), JSON.stringify(config));
    await writeStandInTokenizer(checkpoint);
    if (template !== undefined) await writeFile(join(checkpoint, 'chat_template.jinja'), template);
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
        teaches,
        notice: 'Random weights of the Gemma 3 architecture, made for tests. It has learnt nothing.',
      },
      { note: console.log, warn: console.warn, progress: () => ({ add() {}, stop() {} }) },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
