import { expect } from '@playwright/test';
import { packageFolder, servePackage } from './packages.ts';
import { answers, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { test } from './test.ts';

test('Enter that ends a Korean syllable does not send; Enter alone does', async ({ page }) => {
  await openPage(page);
  await modelReady(page);
  await prompt(page).fill('안녕');
  await prompt(page).dispatchEvent('keydown', { key: 'Enter', isComposing: true });
  await prompt(page).dispatchEvent('keydown', { key: 'Enter', keyCode: 229 });
  await prompt(page).press('Shift+Enter');
  await expect(prompt(page)).toHaveValue('안녕\n');
  await expect(answers(page)).toHaveCount(0);
  await prompt(page).press('Enter');
  await expect(answers(page)).toHaveCount(1);
  await stop(page).click();
  await expect(send(page)).toBeVisible(patience);
});

test('the address and the switch choose the language, and the choice is kept', async ({ page }) => {
  await openPage(page, '/?lang=en');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(prompt(page)).toHaveAttribute('placeholder', 'Ask anything');
  await page.getByRole('radio', { name: '한국어' }).click();
  await expect(prompt(page)).toHaveAttribute('placeholder', '무엇이든 물어보세요');
  await page.getByRole('radio', { name: 'EN' }).click();
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});

test('a phone sees the chat first, without sideways scrolling, and the figures in a sheet', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openPage(page);
  await expect(prompt(page)).toBeInViewport();
  const beyond = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(await beyond()).toBe(0);
  await page.getByRole('navigation').getByRole('button').first().click();
  const sheet = page.getByRole('dialog', { name: '모델과 지표' });
  await expect(sheet.getByRole('heading', { name: '지표', exact: true })).toBeVisible();
  expect(await beyond()).toBe(0);
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
});

test('a folder from disk opens; one without its files says what is missing, and the default opens again', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await page.addInitScript(() => Reflect.deleteProperty(window, 'showDirectoryPicker'));
  await openPage(page);
  await modelReady(page);
  await page.getByRole('button', { name: '모델 바꾸기' }).click();
  await page.getByTestId('folder-input').setInputFiles(packageFolder('random'));
  await expect(page.getByText('random 여는 중').first()).toBeVisible();
  await modelReady(page);

  await page.getByRole('button', { name: '모델 바꾸기' }).click();
  await page.getByTestId('folder-input').setInputFiles('tests/fixtures/images');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText(/패키지에 파일이 빠져 있습니다: \S+\.json/, patience);
  await alert.getByRole('button', { name: '다른 모델 열기' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '열기', exact: true }).first().click();
  await modelReady(page);
});

test('an address that the policy forbids is refused before anything is fetched', async ({ page }) => {
  await openPage(page);
  await modelReady(page);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.getByRole('button', { name: '모델 바꾸기' }).click();
  await page.getByPlaceholder('이름/저장소').fill('https://example.org/model/');
  await page.getByPlaceholder('이름/저장소').press('Enter');
  await expect(page.getByRole('alert')).toContainText('example.org에서는 받을 수 없습니다');
  expect(asked.filter((url) => url.includes('example.org'))).toEqual([]);
});

test('the policy holds in the engine worker too, on a host that sends no headers', async ({ page }) => {
  await openPage(page);
  await modelReady(page);
  const [worker] = page.workers();
  const violated = await worker?.evaluate(
    () =>
      new Promise<string>((resolve) => {
        addEventListener('securitypolicyviolation', (event) => resolve(event.blockedURI), { once: true });
        fetch('https://example.org/').catch(() => setTimeout(() => resolve('no violation'), 5000));
      }),
  );
  expect(violated).toContain('https://example.org');
});

test('settings are kept, and a context that is full offers ways on', async ({ page }) => {
  test.setTimeout(240_000);
  await page.addInitScript(() => localStorage.setItem('settings', JSON.stringify({ contextLength: 512 })));
  await openPage(page);
  await modelReady(page);
  await prompt(page).fill('가나다라 '.repeat(400));
  await prompt(page).press('Enter');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('질문 하나가 컨텍스트보다', patience);
  await expect(alert.getByRole('button', { name: '컨텍스트를 늘려 다시 열기' })).toBeVisible();
  // It is too long by itself: neither fewer turns nor a new conversation would make it fit.
  await expect(alert.getByRole('button', { name: '새 대화 시작' })).toBeHidden();
  await alert.getByRole('button', { name: '질문 고치기' }).click();
  await page.getByRole('textbox', { name: '고칠 질문' }).fill('짧은 질문');
  await page.getByRole('textbox', { name: '고칠 질문' }).press('Enter');
  await expect(answers(page).locator('.markdown')).not.toBeEmpty(patience);
  await stop(page).click();
  await expect(send(page)).toBeVisible(patience);
});

test('left to choose, the page runs a small model on the CPU rather than on a software GPU, and says why', async ({
  page,
}) => {
  await servePackage(page, 'teaching-brief');
  await page.goto('/');
  await modelReady(page);
  await expect(page.getByText('소프트웨어 GPU')).toBeVisible();
  await expect(page.getByText('CPU', { exact: true })).toBeVisible();
});
