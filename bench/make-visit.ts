/** What a visitor does to make a package in the built page, in English, and what the page's main thread did meanwhile. */
import type { Locator, Page } from 'playwright';
import type { ManifestFile } from '#core/protocol/manifest.ts';

/** As the form of the page names them. */
export interface MakeChoices {
  dtype: string;
  method: 'round' | 'search';
  /** Tokens of the Korean pack; 0 for none. */
  packTokens: number;
  /** Tokens. */
  context: number;
}

/** Written by the script below, in the page. Times are of `performance.now()`. */
interface Watched {
  phases: { phase: string; at: number }[];
  /** Frames, and tasks of the main thread longer than 50 ms: when they began, and milliseconds. */
  frames: [at: number, milliseconds: number][];
  tasks: [at: number, milliseconds: number][];
  /** What stands there at the end. */
  text: string;
}

declare global {
  interface Window {
    watched: Watched;
  }
}

/** As text: tsx wraps named functions in a helper that the page does not have. */
const WATCH = `
  window.watched = { phases: [], frames: [], tasks: [], text: '' };
  new MutationObserver(() => {
    const run = document.querySelector('[data-testid=make-run]');
    const phase = run ? run.dataset.phase : 'none';
    const last = window.watched.phases.at(-1);
    if (phase === 'none' || (last && last.phase === phase)) return;
    window.watched.phases.push({ phase, at: performance.now() });
    if (phase === 'done' || phase === 'paused') window.watched.text = run.innerText;
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-phase'] });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.watched.tasks.push([startTime, duration]);
  }).observe({ type: 'longtask' });
  const next = (before) =>
    requestAnimationFrame((now) => {
      window.watched.frames.push([before, now - before]);
      next(now);
    });
  next(performance.now());
`;

export interface Making {
  /** From the click to the last byte and the comparison. */
  seconds: number;
  /** Of the self-test and the manifest, after that. */
  finishSeconds: number;
  /** Milliseconds between two frames, and of tasks of the main thread longer than 50, until the last byte was written. */
  frames: number[];
  tasks: number[];
  text: string;
}

export class MakeVisit {
  readonly #page: Page;
  readonly #url: string;

  /** @param patience for each wait, in milliseconds */
  constructor(page: Page, url: string, patience: number) {
    this.#page = page;
    this.#url = url;
    page.setDefaultTimeout(patience);
    page.setDefaultNavigationTimeout(patience);
    // The built-in model, on the CPU: a software GPU would take the cores.
    void page.addInitScript((given) => localStorage.setItem('settings', JSON.stringify(given)), { provider: 'wasm' });
  }

  get #section(): Locator {
    return this.#page.getByRole('region', { name: 'Make it from a checkpoint' });
  }

  /** The page with its built-in model, and the dialog over it. */
  async open(): Promise<void> {
    await this.#page.goto(`${this.#url}?lang=en`);
    await this.#page.getByRole('button', { name: 'Change model' }).click();
    await this.#section.getByRole('button', { name: 'Choose a checkpoint' }).click();
  }

  /** @returns what the page says that it takes @throws Error with what it says in place of that */
  async inspect(address: string, { dtype, method, packTokens, context }: MakeChoices): Promise<string> {
    await this.#section.getByRole('textbox').fill(address);
    await this.#choose(/^Precision/u, dtype);
    await this.#choose(/^Scales/u, method === 'round' ? 'Round' : 'Search');
    await this.#choose(/^Korean vocabulary/u, packTokens === 0 ? 'None' : `${packTokens.toLocaleString('en')} tokens`);
    await this.#choose(/^Context/u, context.toLocaleString('en'));
    await this.#section.getByRole('button', { name: 'See what it takes' }).click();
    const facts = this.#section.getByTestId('make-facts');
    const failure = this.#section.getByRole('alert').first();
    await facts.or(failure).first().waitFor();
    if (!(await facts.isVisible())) throw new Error(`the page refused: ${await failure.innerText()}`);
    return (await facts.innerText()).replaceAll('\n', ' ');
  }

  /** @throws Error if it pauses, with what the page says */
  async make(): Promise<Making> {
    await this.#page.evaluate(WATCH);
    await this.#section.getByRole('button', { name: /^(?:Make it|Continue)$/u }).click();
    await this.#page.waitForFunction(
      () => window.watched.phases.some(({ phase }) => phase === 'done' || phase === 'paused'),
      undefined,
      { polling: 1000 },
    );
    const { phases, frames, tasks, text } = await this.#page.evaluate(() => window.watched);
    const at = (wanted: string) => {
      const found = phases.find(({ phase }) => phase === wanted);
      if (!found) throw new Error(`the page never said "${wanted}", but: ${text}`);
      return found.at;
    };
    const [begin, written, done] = [at('making'), at('testing'), at('done')];
    // Until the last byte: then a model is opened for the self-test, and another one at the end.
    const meanwhile = (all: Watched['frames']) => all.filter(([from]) => from >= begin && from < written).map(([, took]) => took);
    return { seconds: (written - begin) / 1000, finishSeconds: (done - written) / 1000, frames: meanwhile(frames), tasks: meanwhile(tasks), text };
  }

  /** Entries of the manifest of the package called `name`, from the browser's storage. Leaves the page, which ends its workers. */
  async storedFiles(name: string): Promise<Record<string, ManifestFile>> {
    await this.#page.goto(`${this.#url}package/config.json`);
    const found = await this.#page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folders = await (await root.getDirectoryHandle('model-store')).getDirectoryHandle('packages');
      const texts: string[] = [];
      for await (const folder of folders.values()) {
        if (!(folder instanceof FileSystemDirectoryHandle)) continue;
        for await (const file of folder.values())
          if (file instanceof FileSystemFileHandle && file.name === 'manifest.json')
            texts.push(await (await file.getFile()).text());
      }
      return texts;
    });
    for (const text of found) {
      if (text === '') continue;
      const manifest: { name?: string; files?: Record<string, ManifestFile> } = JSON.parse(text);
      if (manifest.name === name && manifest.files) return manifest.files;
    }
    throw new Error(`${name} is not in the browser's storage`);
  }

  async #choose(label: RegExp, option: string): Promise<void> {
    await this.#section.getByLabel(label).click();
    await this.#page.getByRole('option', { name: option, exact: true }).click();
  }
}
