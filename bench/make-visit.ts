/** What a visitor does to make a package in the built page, in English, and what the page's main thread did meanwhile. */
import type { Locator, Page } from 'playwright';
import { parseMaking } from '#core/protocol/making.ts';
import type { ShippedPack } from '#core/tokenizer/korean/shipped-packs.ts';
import { parseManifest, type ManifestFile } from '#core/protocol/manifest.ts';

/** As the form of the page names them. */
export interface MakeChoices {
  dtype: string;
  method: 'round' | 'search';
  /** Korean pack; undefined for none. */
  pack: ShippedPack | undefined;
  /** Tokens. */
  context: number;
}

/** Written by the script below, in the page. Times are of `performance.now()`. */
interface Watched {
  phases: { phase: string; at: number }[];
  /** Frames, from asking for one until it comes, and tasks of the main thread longer than 50 ms: when they began, and milliseconds. */
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
    const result = document.querySelector('[data-testid=make-result]');
    const phase = result ? 'done' : run ? run.dataset.phase : 'none';
    const last = window.watched.phases.at(-1);
    if (phase === 'none' || (last && last.phase === phase)) return;
    window.watched.phases.push({ phase, at: performance.now() });
    if (phase === 'done' || phase === 'paused') window.watched.text = (result || run).innerText;
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-phase'] });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.watched.tasks.push([startTime, duration]);
  }).observe({ type: 'longtask' });
  // A frame is asked for ten times a second: a page that paints all the time would take a core from the work.
  setInterval(() => {
    const asked = performance.now();
    requestAnimationFrame(() => window.watched.frames.push([asked, performance.now() - asked]));
  }, 100);
`;

export interface Making<Written> {
  /** From the click to the last byte and the comparison. */
  seconds: number;
  /** Of the self-test and the manifest, after that. */
  finishSeconds: number;
  /** Milliseconds until a frame comes, asked for ten times a second, and of tasks of the main thread longer than 50, until the last byte was written. */
  frames: number[];
  tasks: number[];
  text: string;
  /** What was asked for then. */
  written: Written;
}

const OPTION_MILLISECONDS = 30_000;

/** As the form labels it, recommended or not. */
function packLabel({ text, tokens }: ShippedPack): RegExp {
  return new RegExp(`^${text}, ${tokens.toLocaleString('en')} tokens`, 'iu');
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
  async inspect(address: string, { dtype, method, pack, context }: MakeChoices): Promise<string> {
    await this.#section.getByRole('textbox').fill(address);
    await this.#choose(/^Precision/u, dtype);
    await this.#choose(/^Scales/u, method === 'round' ? 'Round' : 'Search');
    await this.#choose(/^Korean vocabulary/u, pack ? packLabel(pack) : 'None');
    await this.#choose(/^Context/u, context.toLocaleString('en'));
    await this.#section.getByRole('button', { name: 'See what it takes' }).click();
    const facts = this.#section.getByTestId('make-facts');
    const failure = this.#section.getByRole('alert').first();
    await facts.or(failure).first().waitFor();
    if (!(await facts.isVisible())) throw new Error(`the page refused: ${await failure.innerText()}`);
    return (await facts.innerText()).replaceAll('\n', ' ');
  }

  /** @param onWritten called when the last byte is written @param waits for the self-test and the manifest @throws Error if it pauses, with what the page says */
  async make<Written>(onWritten: () => Written, waits: boolean): Promise<Making<Written>> {
    await this.#page.evaluate(WATCH);
    await this.#section.getByRole('button', { name: /^(?:Make it|Continue)$/u }).click();
    const reach = (...wanted: string[]) =>
      this.#page.waitForFunction(
        (phases) => window.watched.phases.some(({ phase }) => phases.includes(phase)),
        wanted,
        { polling: 1000 },
      );
    await reach('testing', 'done', 'paused');
    const onTime = onWritten();
    if (waits) await reach('done', 'paused');
    const { phases, frames, tasks, text } = await this.#page.evaluate(() => window.watched);
    const at = (wanted: string) => {
      const found = phases.find(({ phase }) => phase === wanted);
      if (!found) throw new Error(`the page never said "${wanted}", but: ${text}`);
      return found.at;
    };
    const [begin, end] = [at('making'), at('testing')];
    const done = waits ? at('done') : NaN;
    // Until the last byte: then a model is opened for the self-test, and another one at the end.
    const meanwhile = (all: Watched['frames']) =>
      all.filter(([from]) => from >= begin && from < end).map(([, took]) => took);
    return {
      seconds: (end - begin) / 1000,
      finishSeconds: (done - end) / 1000,
      frames: meanwhile(frames),
      tasks: meanwhile(tasks),
      text,
      written: onTime,
    };
  }

  /**
   * Entries of the files of the package that was made, from the browser's storage: of its manifest, or of what is noted before that is written.
   * Leaves the page, which ends its workers.
   */
  async storedFiles(name: string): Promise<Record<string, ManifestFile>> {
    await this.#page.goto(`${this.#url}package/config.json`);
    const texts = await this.#page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folders = await (await root.getDirectoryHandle('model-store')).getDirectoryHandle('packages');
      const found: { file: string; text: string }[] = [];
      for await (const folder of folders.values()) {
        if (!(folder instanceof FileSystemDirectoryHandle)) continue;
        for await (const handle of folder.values())
          if (handle instanceof FileSystemFileHandle && /^(?:manifest|making)\.json$/u.test(handle.name))
            found.push({ file: handle.name, text: await (await handle.getFile()).text() });
      }
      return found;
    });
    for (const { file, text } of texts) {
      const making = file === 'making.json' ? parseMaking(text) : undefined;
      if (making) return Object.fromEntries(making.finished.map(({ path, entry }) => [path, entry]));
      const manifest = file === 'manifest.json' && text !== '' ? parseManifest(JSON.parse(text)) : undefined;
      if (manifest?.name === name) return manifest.files;
    }
    throw new Error(`${name} is not in the browser's storage`);
  }

  /** @throws Error where the page has no such option: nothing is waited for */
  async #choose(label: RegExp, option: string | RegExp): Promise<void> {
    await this.#section.getByLabel(label).click();
    await this.#page.getByRole('option', { name: option, exact: true }).click({ timeout: OPTION_MILLISECONDS });
  }
}
