/** Bytes of graphs and weights from the shape alone. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { packageSizes } from '#core/gemma3/package-plan.ts';
import { expectedParameters } from '#core/gemma3/parameters.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { exportTo, FIXTURE } from '../export/workbench.ts';
import { readJson } from '../../reference/json.ts';

const options = { visionDtype: 'q8', blockSize: 32, positions: 8192 } as const;

describe('the sizes of a package', () => {
  it.each(['q4', 'fp16'] as const)('are those of the files that an export to %s writes', async (dtype) => {
    const folder = await exportTo(FIXTURE, dtype);
    const config = parseConfig(await readJson(FIXTURE, 'config.json'));
    const visionDtype = dtype === 'q4' ? 'q8' : dtype;
    // The export's context is 128 tokens.
    const sizes = packageSizes(config, { ...options, dtype, visionDtype, positions: 128 });
    expect(sizes.size).toBeGreaterThan(4);
    for (const [path, size] of sizes) expect([path, (await stat(join(folder, path))).size]).toEqual([path, size]);
  });

  it('are those of MedGemma 27B text with all 62 layers, counted by hand', () => {
    const config = parseConfig(presetConfig('medgemma-27b-text'));
    const sizes = packageSizes(config, { ...options, dtype: 'q4' });
    let weights = 0;
    let tensors = 0;
    for (const [, shape] of expectedParameters(config)) {
      const count = shape.reduce((product, size) => product * size, 1);
      // A matrix: half a byte a weight and a float16 scale for 32; a norm: float32.
      weights += shape.length === 1 ? count * 4 : count / 2 + (count / 32) * 2;
      tensors += shape.length === 1 ? 1 : 2;
    }
    // Cosines and sines of 8,192 positions for global and for local layers, half of 128 dimensions each.
    const tables = 2 * 2 * 8192 * 64 * 4;
    const data = [...sizes].filter(([path]) => path.includes('_data')).reduce((sum, [, size]) => sum + size, 0);
    expect(data).toBeGreaterThanOrEqual(weights + tables);
    // Each tensor begins at a page at the latest.
    expect(data - weights - tables).toBeLessThan((tensors + 4) * 4096);
    // Below 2 GiB each, as browsers load them.
    for (const [path, size] of sizes) expect([path, size < 2 ** 31]).toEqual([path, true]);
  });
});
