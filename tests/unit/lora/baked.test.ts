/** `npm run export -- --adapter`: the package gives the logits that PEFT gives with the adapter on. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { maxDifference } from '../../reference/golden.ts';
import { exportFixture, fixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';

const tolerance = 1e-3;
const folder = temporaryFolder();
afterAll(() => folder.remove());

const adapter = (strength: number) => ({ folder: join(fixture, 'lora'), strength });

test('every logit with the adapter baked in, and the base’s with strength 0', async () => {
  const reference = await golden();
  await exportFixture(`${folder.path}/baked`, 'fp32', { adapter: adapter(1) });
  await exportFixture(`${folder.path}/none`, 'fp32', { adapter: adapter(0) });
  const baked = await NodeModel.open(`${folder.path}/baked`, 'fp32');
  const none = await NodeModel.open(`${folder.path}/none`, 'fp32');
  const features = await baked.features(reference.tensor('pixel_values'));
  for (const name of ['text_beyond_window', 'one_image']) {
    const ids = reference.cases[name]?.input_ids ?? [];
    const { data: adapted } = reference.tensor(`${name}.lora_logits`);
    const { data: base } = reference.tensor(`${name}.logits`);
    // Else the adapter could be left out and nobody would see it.
    expect(maxDifference(adapted, base)).toBeGreaterThan(100 * tolerance);
    expect(maxDifference((await baked.prefill(ids, { features })).logits, adapted)).toBeLessThan(tolerance);
    expect(maxDifference((await none.prefill(ids, { features })).logits, base)).toBeLessThan(tolerance);
  }
  const manifest = await readFile(`${folder.path}/baked/manifest.json`, 'utf8');
  expect(manifest).toContain('The LoRA adapter lora (rank 4, alpha 8, on q_proj, v_proj, o_proj; SHA-256 ');
});
