/** What a visitor does with a package in the built page, in English. */
import type { Locator, Page } from 'playwright';

export class VisitPage {
  readonly #page: Page;
  readonly #url: string;
  /** Resolves when the page is loaded anew. */
  #reloaded: Promise<void> | undefined;
  #onReload: () => void = () => undefined;

  /** @param patience for each wait, in milliseconds */
  constructor(page: Page, url: string, settings: object, patience: number) {
    this.#page = page;
    this.#url = url;
    page.setDefaultTimeout(patience);
    page.setDefaultNavigationTimeout(patience);
    void page.addInitScript((given) => localStorage.setItem('settings', JSON.stringify(given)), settings);
    this.#reloaded = new Promise((resolve) => (this.#onReload = resolve));
  }

  get #dialog(): Locator {
    return this.#page.getByRole('dialog');
  }

  get #row(): Locator {
    return this.#dialog.getByRole('listitem').filter({ hasText: `${new URL(this.#url).host}/package/` });
  }

  /** The page with its built-in model. */
  async open(): Promise<void> {
    await this.#page.goto(`${this.#url}?lang=en`);
    await this.#modelReady();
  }

  /** What the page says of the package before anything large is fetched. */
  async verdict(): Promise<string> {
    await this.#openDialog();
    await this.#dialog.getByRole('textbox', { name: 'Package address' }).fill(`${this.#url}package/`);
    const parts = this.#dialog.locator('form [data-fit-part]');
    await parts.last().waitFor();
    return (await parts.allInnerTexts()).join(' ');
  }

  /** Opens the package by the page's address, on the CPU, which cannot hold it: the store knows it from then on. @returns the page's words */
  async refusedOnCpu(): Promise<string> {
    await this.#page.goto(`${this.#url}?lang=en&package=./package/`);
    const { isOpen, text } = await this.#outcome();
    if (isOpen) throw new Error('the CPU provider holds this package; take one of full size');
    // An address that names the package would open it at every load.
    await this.open();
    return text;
  }

  /** Loads the page anew, as a visitor would who thinks that it hangs. */
  reload(): void {
    void this.#page.reload().then(() => this.#onReload());
  }

  /** Downloads all that is missing, and again after the page was loaded anew. */
  async fetchRest(): Promise<void> {
    const rest = this.#row.getByRole('button', { name: 'Download the rest' });
    const press = async () => {
      await this.#openDialog();
      await rest.click();
    };
    await press();
    await this.#reloaded;
    await press();
    await rest.waitFor({ state: 'detached' });
    // The button is back if the download failed, and gone for good when all is here.
    await this.#row.getByRole('button', { name: 'Verify' }).waitFor();
    if (await rest.isVisible()) throw new Error(`the download ended: ${await this.#dialog.innerText()}`);
  }

  async verify(): Promise<string> {
    await this.#openDialog();
    await this.#row.getByRole('button', { name: 'Verify' }).click();
    const outcome = this.#dialog.getByText(/every byte is as it should be|damaged on the disk/);
    await outcome.waitFor();
    return outcome.innerText();
  }

  /** Opens the package on WebGPU, in a page loaded anew, from what is stored. @returns what the page's panel says @throws Error with the page's words if it does not open */
  async openOnGpu(): Promise<string> {
    await this.#page.addInitScript(() => localStorage.setItem('settings', JSON.stringify({ provider: 'webgpu' })));
    await this.#page.goto(`${this.#url}?lang=en&package=./package/`);
    const { isOpen, text } = await this.#outcome();
    if (!isOpen) throw new Error(text);
    return (await this.#page.getByRole('complementary').first().innerText()).replace(/\s+/g, ' ');
  }

  async remove(): Promise<void> {
    await this.#openDialog();
    await this.#row.getByRole('button', { name: 'Delete' }).click();
    await this.#row.getByRole('button', { name: 'Delete' }).click();
    await this.#row.waitFor({ state: 'detached' });
  }

  async #modelReady(): Promise<void> {
    const { isOpen, text } = await this.#outcome();
    if (!isOpen) throw new Error(text);
  }

  /** How the opening of a model ends. */
  async #outcome(): Promise<{ isOpen: boolean; text: string }> {
    const ready = this.#page.getByRole('button', { name: 'Change model' });
    const failure = this.#page.getByRole('alert').first();
    await ready.or(failure).first().waitFor();
    if (await ready.isVisible()) return { isOpen: true, text: 'open' };
    return { isOpen: false, text: (await failure.innerText()).replace(/\s+/g, ' ') };
  }

  async #openDialog(): Promise<void> {
    if (await this.#dialog.isVisible()) return;
    await this.#page
      .getByRole('button', { name: /Change model|Open a model/ })
      .first()
      .click();
    await this.#dialog.waitFor();
  }
}

/** Bytes of the origin's own files, and what the browser counts of them. */
export function bytesInStorage(page: Page): Promise<{ files: number; quota: number }> {
  return page.evaluate(async () => {
    let files = 0;
    const folders = [await navigator.storage.getDirectory()];
    for (let folder = folders.pop(); folder; folder = folders.pop())
      for await (const handle of folder.values()) {
        if (handle instanceof FileSystemFileHandle) files += (await handle.getFile()).size;
        else folders.push(handle);
      }
    const estimate: StorageEstimate & { usageDetails?: { fileSystem?: number } } = await navigator.storage.estimate();
    return { files, quota: estimate.usageDetails?.fileSystem ?? 0 };
  });
}
