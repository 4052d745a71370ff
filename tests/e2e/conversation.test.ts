/** What becomes of a conversation: reloads, edits, pastes, crashes, and an address that asks for a token. */
import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { keptConversations } from './kept-conversations.ts';
import { answers, modelReady, openPage, patience, photograph, prompt, send, stop } from './page.ts';
import { test } from './test.ts';

const questions = (page: Page) => page.getByRole('article', { name: '나', exact: true });

async function ask(page: Page, text: string): Promise<void> {
  const before = await answers(page).count();
  await prompt(page).fill(text);
  await prompt(page).press('Enter');
  await expect(answers(page)).toHaveCount(before + 1);
  await expect(send(page)).toBeVisible(patience);
}

/** Pastes as the system does: the browser fires the event at what has the focus. */
async function paste(page: Page, text: string, picture?: string): Promise<void> {
  const base64 = picture === undefined ? undefined : readFileSync(picture).toString('base64');
  await page.evaluate(
    ({ text, base64 }) => {
      const clipboardData = new DataTransfer();
      if (text) clipboardData.setData('text/plain', text);
      if (base64 !== undefined) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        clipboardData.items.add(new File([bytes], 'image.png', { type: 'image/jpeg' }));
      }
      const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
      (document.activeElement ?? document.body).dispatchEvent(event);
    },
    { text, base64 },
  );
}

test('a reload keeps the conversation, the draft and its images; clearing deletes them from the disk', async ({
  page,
}) => {
  await openPage(page, '/', 'teaching-brief');
  await modelReady(page);
  await ask(page, '첫 질문');
  await prompt(page).fill('쓰다 만 글');
  // Nothing has the focus: the picture goes to the composer all the same.
  await prompt(page).blur();
  await paste(page, '', photograph);
  const waiting = page.getByRole('list', { name: '첨부한 이미지' }).getByRole('listitem');
  await expect(waiting).toHaveCount(1);
  await page.reload();
  await expect(questions(page)).toHaveText(['첫 질문']);
  await expect(prompt(page)).toHaveValue('쓰다 만 글');
  await expect(waiting.getByRole('img')).toHaveJSProperty('naturalWidth', 320);

  // The next question goes on with it.
  await modelReady(page);
  await prompt(page).press('Enter');
  await expect(answers(page)).toHaveCount(2);
  await expect(send(page)).toBeVisible(patience);
  await expect(questions(page).nth(1).getByRole('img')).toHaveJSProperty('naturalWidth', 320);

  await prompt(page).fill('보내지 않은 글');
  await paste(page, '', photograph);
  await expect(waiting).toHaveCount(1);
  await page.getByRole('button', { name: '새 대화' }).click();
  await page.getByRole('button', { name: '지우고 시작' }).click();
  await expect(questions(page)).toHaveCount(0);
  await expect(waiting).toHaveCount(0);
  await expect(prompt(page)).toHaveValue('');
  await expect
    .poll(() =>
      page.evaluate(
        () =>
          new Promise((resolve) => {
            const opening = indexedDB.open('conversations');
            opening.onsuccess = () => {
              const stores = ['conversations', 'images'];
              const change = opening.result.transaction(stores);
              const counts = stores.map((name) => change.objectStore(name).count());
              change.oncomplete = () => resolve(counts.map(({ result }) => result));
            };
          }),
      ),
    )
    .toEqual([0, 0]);
  // No model is needed to see that nothing is there.
  await page.route('**/models/**', (route) => route.abort());
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(questions(page)).toHaveCount(0);
  await expect(prompt(page)).toHaveValue('');
});

test('a shared screen keeps nothing and shows nothing, and two tabs keep to themselves', async ({ page, context }) => {
  await page.route('**/models/**', (route) => route.fulfill({ status: 404 }));
  await page.goto('/');
  await prompt(page).fill('한 탭');
  // The first page of a profile takes its time to make the database.
  await expect.poll(() => keptConversations(page), patience).toHaveLength(1);
  await page.reload();
  await expect(prompt(page)).toHaveValue('한 탭');

  const other = await context.newPage();
  await other.goto('/');
  await expect(prompt(other)).toHaveValue('');
  await prompt(other).fill('다른 탭');
  await other.reload();
  await expect(prompt(other)).toHaveValue('다른 탭');
  await page.reload();
  await expect(prompt(page)).toHaveValue('한 탭');

  const kiosk = await context.newPage();
  await kiosk.goto('/?kiosk');
  await expect(prompt(kiosk)).toHaveValue('');
  await prompt(kiosk).fill('지나가는 사람');
  await kiosk.reload();
  await expect(prompt(kiosk)).toHaveValue('');
  await kiosk.close();

  // A tab that comes later takes up what no tab has.
  await other.close();
  const later = await context.newPage();
  await later.goto('/');
  await expect(prompt(later)).toHaveValue('다른 탭');
});

test('what was kept and cannot be read is told once, and the page begins empty', async ({ page }) => {
  await page.route('**/models/**', (route) => route.fulfill({ status: 404 }));
  await page.route('**/blank', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  // Of the page's own origin, but nothing there writes.
  await page.goto('/blank');
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        sessionStorage.setItem('conversation', 'damaged');
        const opening = indexedDB.open('conversations', 1);
        opening.onupgradeneeded = () => {
          opening.result.createObjectStore('images');
          opening.result.createObjectStore('conversations').put({ version: 1, draft: 7 }, 'damaged');
        };
        opening.onsuccess = () => {
          opening.result.close();
          resolve(undefined);
        };
      }),
  );
  await page.goto('/');
  const told = page.getByRole('alert').filter({ hasText: '저장해 둔 대화를 읽을 수 없어' });
  await expect(told).toBeVisible();
  await expect(prompt(page)).toHaveValue('');
  await page.reload();
  await expect(prompt(page)).toBeVisible();
  await expect(told).toBeHidden();
});

test('without storage, which is said, a question is edited in its place: Escape gives up, sending drops the rest, undo', async ({
  page,
}) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
  });
  await openPage(page, '/', 'teaching-brief');
  await expect(page.getByText('이 브라우저가 저장을 허락하지 않아')).toBeVisible();
  await modelReady(page);
  await ask(page, '하나');
  await ask(page, '둘');
  const edit = questions(page).first().getByRole('button', { name: '질문 고치기' });
  const field = page.getByRole('textbox', { name: '고칠 질문' });
  await edit.press('Enter');
  await expect(field).toBeFocused();
  await field.fill('하나 반');
  await field.press('Escape');
  await expect(edit).toBeFocused();
  await expect(questions(page)).toHaveText(['하나', '둘']);

  await edit.press('Enter');
  await expect(page.getByText('이 뒤의 질문과 답 1개가 빠집니다')).toBeVisible();
  await field.fill('하나 반');
  await field.press('Enter');
  await expect(questions(page)).toHaveText(['하나 반']);
  await expect(send(page)).toBeVisible(patience);
  await page.getByRole('button', { name: '되돌리기' }).click();
  await expect(questions(page)).toHaveText(['하나', '둘']);
});

test('text wins over its picture; a text that no model could read is refused', async ({ page }) => {
  await page.route('**/models/**', (route) => route.fulfill({ status: 404 }));
  await page.goto('/');
  await prompt(page).fill('앞');
  await page.getByRole('link', { name: '대화' }).focus();
  await paste(page, '표의 글', photograph);
  await expect(prompt(page)).toHaveValue('앞표의 글');
  await expect(prompt(page)).toBeFocused();
  await expect(page.getByRole('list', { name: '첨부한 이미지' })).toHaveCount(0);
  await paste(page, '가'.repeat(400_001));
  await expect(page.getByRole('alert').filter({ hasText: '붙여 넣은 글이 400,001자로 너무 깁니다' })).toBeVisible();
  await expect(prompt(page)).toHaveValue('앞표의 글');
});

test('after a crash, and after a reload in an answer, the same question is answered again', async ({ page }) => {
  test.setTimeout(240_000);
  await openPage(page);
  await modelReady(page);
  await prompt(page).fill('살아남을 질문');
  await prompt(page).press('Enter');
  const [worker] = page.workers();
  // Out of every try block: the browser ends such a worker's script with an error event.
  await worker?.evaluate(() => {
    setTimeout(() => {
      throw new Error('crashed for the test');
    });
  });
  const again = page.getByRole('button', { name: '다시 답하기' });
  await again.click(patience);
  await expect(answers(page).locator('.markdown')).not.toBeEmpty(patience);
  await page.reload();
  await expect(questions(page)).toHaveText(['살아남을 질문']);
  await expect(answers(page)).toContainText('멈췄습니다');
  await modelReady(page);
  await again.first().click();
  await expect(stop(page)).toBeVisible(patience);
  await expect(answers(page).locator('.markdown')).not.toBeEmpty(patience);
  await stop(page).click();
  await expect(send(page)).toBeVisible(patience);
});

test('a gated address asks for a token, sends it to its own host only, and opens', async ({ page }) => {
  const seen: (string | undefined)[] = [];
  // The built-in model is not what is opened here.
  await page.route('**/models/**', (route) => route.abort());
  await page.route('https://huggingface.co/**', async (route) => {
    const { authorization } = route.request().headers();
    seen.push(authorization);
    await route.fulfill(authorization === undefined ? { status: 401 } : { status: 404 });
  });
  await page.goto('/');
  await page
    .getByRole('button', { name: /모델 (바꾸기|열기)/ })
    .first()
    .click();
  await page.getByPlaceholder('이름/저장소').fill('google/medgemma-4b-it');
  await page.getByPlaceholder('이름/저장소').press('Enter');
  const alert = page.getByRole('alert').filter({ hasText: '권한이 있어야 받을 수 있는 저장소입니다' });
  await expect(alert.getByRole('link')).toHaveAttribute('href', 'https://huggingface.co/google/medgemma-4b-it');
  await alert.getByLabel('huggingface.co 액세스 토큰').fill('hf_abc');
  await alert.getByRole('button', { name: '토큰으로 열기' }).click();
  await expect(page.getByRole('alert').filter({ hasText: '파일이 빠져 있습니다' })).toBeVisible();
  expect(seen[0]).toBeUndefined();
  expect(seen.at(-1)).toBe('Bearer hf_abc');
  // Not kept, since that was not asked for.
  expect(await page.evaluate(() => localStorage.getItem('access-tokens'))).toBeNull();
});
