/** A package made of a checkpoint in the page, as a visitor sees it. The bytes are those of tests/browser/maker. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';
import { writeStandInTokenizer } from '../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { HubRoutes } from './hub-routes.ts';
import { answers, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { test } from './test.ts';

const TOKEN = 'hf_right';

test.setTimeout(240_000);

test('a gated model is made after its token and its terms, paused, continued after a reload, and answers', async ({
  page,
}, info) => {
  const hub = await HubRoutes.serve(page, await checkpoint(info.outputPath('gated')), 'google/medgemma-4b-it', TOKEN);
  await openPage(page);
  await modelReady(page);
  const section = await openMaker(page);
  await section.getByRole('button', { name: '체크포인트 고르기' }).click();
  // Of a software GPU.
  await expect(section.getByText('이 기기에 권합니다. GPU에 float16이 없어')).toBeVisible();
  await expect(section.getByLabel(/^정밀도/)).toHaveText('q4');
  await choose(page, section, /^한국어 어휘/, '넣지 않음');
  await section.getByRole('button', { name: '무엇이 필요한지 보기' }).click();
  const gated = section.getByRole('alert').filter({ hasText: '권한이 있어야 받을 수 있는 저장소입니다' });
  await expect(gated.getByRole('link')).toHaveAttribute('href', 'https://huggingface.co/google/medgemma-4b-it');
  expect(hub.sentBytes).toBe(0);
  await giveToken(gated);
  const facts = section.getByTestId('make-facts');
  await expect(facts).toContainText('방금 잰 속도로', patience);
  await expect(facts.locator('[data-fit-part="memory"]')).toContainText('CPU에서 돕니다');

  const begin = section.getByRole('button', { name: '만들기', exact: true });
  await expect(begin).toBeDisabled();
  await section.getByRole('checkbox', { name: '이 약관을 읽었고 동의합니다.' }).check();
  hub.holdAfter(1_500_000);
  await begin.click();
  const run = section.getByTestId('make-run');
  await expect(run).toContainText('썼습니다', patience);
  await run.getByRole('button', { name: '멈추기' }).click();
  await expect(run).toHaveAttribute('data-phase', 'paused', patience);
  hub.release();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('making-notice')).toContainText('멈춤');

  await page.reload();
  await modelReady(page);
  await openMaker(page);
  const row = page.getByRole('listitem').filter({ hasText: '만드는 중이던 모델' });
  await expect(row).toContainText('google/medgemma-4b-it');
  await expect(row.getByRole('button', { name: '열기' })).toBeHidden();
  await row.getByRole('button', { name: '이어서 만들기' }).click();
  // The token was not to be kept; other weights than those that it was begun with are refused.
  hub.version = 'b';
  await giveToken(run.getByRole('alert'));
  await expect(run.getByRole('alert')).toContainText('시작할 때와 다른 체크포인트입니다', patience);
  hub.version = 'a';
  await run.getByRole('button', { name: '이어서 만들기' }).click();

  const made = page.getByRole('dialog', { name: 'medgemma-4b-it 모델을 만들었습니다' });
  await expect(made.getByRole('row')).toHaveCount(5, patience);
  await expect(made.getByRole('row', { name: /어텐션/ })).toContainText(/\d dB/);
  await expect(made).toContainText('CPU로 답해야 할 값을 계산해');
  await made.getByRole('button', { name: '물어보기' }).click(patience);
  await prompt(page).fill('안녕하세요?');
  await send(page).click(patience);
  await expect(answers(page).locator('.markdown')).not.toBeEmpty(patience);
  await stop(page).click();
});

test('a checkpoint folder that is picked as a model goes to the maker, and is made without a network', async ({
  page,
}, info) => {
  const folder = await checkpoint(info.outputPath('from-disk'));
  await openPage(page);
  await modelReady(page);
  const section = await openMaker(page);
  await page.getByTestId('folder-input').setInputFiles(folder);
  await expect(section).toContainText('from-disk 폴더');
  await choose(page, section, /^한국어 어휘/, '넣지 않음');
  await choose(page, section, /^정밀도/, 'q8');
  await section.getByRole('button', { name: '무엇이 필요한지 보기' }).click();
  // No terms of MedGemma for another model.
  await section.getByRole('button', { name: '만들기', exact: true }).click(patience);
  const made = page.getByRole('dialog', { name: 'from-disk 모델을 만들었습니다' });
  await expect(made.getByRole('button', { name: '물어보기' })).toBeVisible(patience);
});

test('a folder that is dropped is read: a checkpoint goes to the maker, weights in pickles are named', async ({
  page,
}, info) => {
  const folder = await checkpoint(info.outputPath('dropped'));
  await openPage(page);
  await modelReady(page);
  await dropFolder(page, folder);
  const section = page.getByRole('region', { name: '체크포인트에서 만들기' });
  await expect(section).toContainText('dropped 폴더', patience);
  await page.keyboard.press('Escape');
  await rm(join(folder, 'model.safetensors'));
  // What torch.save writes is a zip.
  await writeFile(join(folder, 'pytorch_model.bin'), 'PK\x03\x04');
  await dropFolder(page, folder);
  await expect(page.getByRole('alert').filter({ hasText: 'PyTorch 피클 파일입니다' })).toBeVisible(patience);
});

async function checkpoint(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(join(import.meta.dirname, '../fixtures/gemma3-tiny/checkpoint'), folder, { recursive: true });
  await writeStandInTokenizer(folder);
  return folder;
}

async function openMaker(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: '모델 바꾸기' }).click();
  return page.getByRole('region', { name: '체크포인트에서 만들기' });
}

async function choose(page: Page, section: Locator, label: RegExp, option: string): Promise<void> {
  await section.getByLabel(label).click();
  await page.getByRole('option', { name: option }).click();
}

async function giveToken(alert: Locator): Promise<void> {
  await alert.getByLabel('huggingface.co 액세스 토큰').fill(TOKEN);
  await alert.getByRole('button', { name: '토큰으로 열기' }).click();
}

/** As the desktop drops one: a script cannot make a folder of its own. */
async function dropFolder(page: Page, folder: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
}
