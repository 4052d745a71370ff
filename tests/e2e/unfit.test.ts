/** A package that does not fit on this machine is opened only after a question; a stored one says whether it fits. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { presetConfig } from '../../cli/shared/presets.ts';
import { modelReady, openPage, patience } from './page.ts';
import { test } from './test.ts';

const chunkSize = 2 ** 28;
const file = (size: number) => ({
  ...{ size, sha256: 'a'.repeat(64) },
  chunks: Array.from({ length: Math.ceil(size / chunkSize) }, () => 'a'.repeat(64)),
});
const graphs = ['decoder_model_merged_q4', 'embed_tokens_q4', 'vision_encoder_quantized'].map(
  (name) => `onnx/${name}.onnx`,
);
const config = JSON.stringify(presetConfig('medgemma-4b'));
const manifest = {
  ...{ format: 'medgemma-ko-lab/1', name: 'huge', created: '2026-01-01', generator: 'test', parameters: 4e9 },
  architecture: 'Gemma3ForConditionalGeneration',
  source: { checkpoint: 'huge', files: {}, randomWeights: true, notice: '' },
  variants: [{ decoder: 'q4', vision: 'q8', blockSize: 32, unquantized: [], tiedEmbedding: true }],
  ...{ changes: [], chunkSize },
  files: {
    'config.json': file(Buffer.byteLength(config)),
    ...Object.fromEntries(graphs.map((path) => [path, file(1)])),
    'onnx/decoder_model_merged_q4.onnx_data': file(3e9),
  },
};

test('a folder that does not fit asks first, and a stored package says whether it fits', async ({ page }, info) => {
  const folder = info.outputPath('huge');
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeFile(join(folder, 'config.json'), config);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  for (const path of graphs) await writeFile(join(folder, path), 'x');
  // 3 GB do not run on the CPU; the memory of a GPU would have to be measured.
  await page.addInitScript(() => localStorage.setItem('settings', JSON.stringify({ provider: 'wasm' })));
  const complaints = await openPage(page, '/', 'built-in');
  await modelReady(page);

  const change = page.getByRole('button', { name: '모델 바꾸기' });
  await change.click();
  await page.getByRole('button', { name: '들어가는지 보기' }).first().click();
  const row = page.getByRole('dialog').getByTestId('package-fit').last();
  await expect(row.locator('[data-fit-part="memory"]')).toContainText('CPU에서 돕니다');

  await page.getByTestId('folder-input').setInputFiles(folder);
  const asks = page.getByRole('dialog', { name: '이 기기에는 들어가지 않습니다' });
  await expect(asks.locator('[data-fit-part="memory"]')).toContainText('너무 큽니다', patience);
  await expect(asks.locator('[data-fit-part="storage"]')).toContainText('파일은 모두 3GB입니다');
  await page.keyboard.press('Escape');
  // Nothing happened to the model that is open.
  await expect(change).toBeVisible();

  await change.click();
  await page.getByTestId('folder-input').setInputFiles(folder);
  await asks.getByRole('button', { name: '그래도 열기' }).click(patience);
  await expect(page.getByRole('alert').filter({ hasText: '.onnx' })).toBeVisible(patience);
  expect(complaints).toEqual([]);
});
