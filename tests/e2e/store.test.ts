/** The buttons of the packages that are stored in the browser. */
import { expect, type Page } from '@playwright/test';
import { modelReady, openPage, patience } from './page.ts';
import { test } from './test.ts';

/** Whatever folder the page asks for is one of the browser's own file system, since nobody is there to pick one. */
function pickForMe(): void {
  Object.assign(window, {
    showDirectoryPicker: async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle('stick', { create: true }),
  });
}

/** As a bad sector does: a byte in the largest stored file changes. */
const spoil = (page: Page) =>
  page.evaluate(async () => {
    const store = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-store');
    let largest: { size: number; handle: FileSystemFileHandle } | undefined;
    for await (const handle of (await store.getDirectoryHandle('blobs')).values()) {
      if (!(handle instanceof FileSystemFileHandle)) continue;
      const { size } = await handle.getFile();
      if (size > (largest?.size ?? 0)) largest = { size, handle };
    }
    if (!largest) throw new Error('nothing is stored');
    const file = await largest.handle.getFile();
    const byte = new Uint8Array(await file.slice(1000, 1001).arrayBuffer());
    const stream = await largest.handle.createWritable({ keepExistingData: true });
    await stream.write({ type: 'write', position: 1000, data: byte.map((value) => value ^ 1) });
    await stream.close();
  });

test('a stored package is saved to a folder, verified, repaired, copied from the folder, and deleted', async ({
  page,
}) => {
  await page.addInitScript(pickForMe);
  const complaints = await openPage(page);
  await modelReady(page);
  await page.getByRole('button', { name: '모델 바꾸기' }).click();
  const dialog = page.getByRole('dialog', { name: '모델 열기' });
  const rows = dialog.getByRole('listitem');
  const row = rows.filter({ hasText: 'localhost' });
  await expect(row).toContainText('지금 열려 있어 지울 수 없습니다', patience);
  await expect(row.getByRole('button', { name: '삭제' })).toBeDisabled();

  await row.getByRole('button', { name: '폴더에 저장' }).click();
  await expect(dialog.getByText(/모델을 stick\/.+에 저장했습니다/)).toBeVisible(patience);

  await row.getByRole('button', { name: '확인' }).click();
  await expect(dialog.getByText('모든 바이트가 맞습니다')).toBeVisible(patience);
  await spoil(page);
  await row.getByRole('button', { name: '확인' }).click();
  await expect(dialog.getByText('디스크에서 손상되었습니다')).toBeVisible(patience);
  await row.getByRole('button', { name: '나머지 내려받기' }).click();
  await expect(row.getByRole('button', { name: '나머지 내려받기' })).toHaveCount(0, patience);
  await row.getByRole('button', { name: '확인' }).click();
  await expect(dialog.getByText('모든 바이트가 맞습니다')).toBeVisible(patience);

  await dialog.getByRole('button', { name: '이 브라우저에 복사' }).click();
  await expect(dialog.getByText('모델을 복사했습니다')).toBeVisible(patience);
  await expect(rows).toHaveCount(2);
  const copy = rows.filter({ hasText: '폴더에서 복사함' });
  await copy.getByRole('button', { name: '삭제' }).click();
  await copy.getByRole('button', { name: '그대로 두기' }).click();
  await copy.getByRole('button', { name: '삭제' }).click();
  await expect(copy).toContainText('지울까요?');
  await copy.getByRole('button', { name: '삭제' }).click();
  await expect(rows).toHaveCount(1, patience);
  expect(complaints).toEqual([]);
});
