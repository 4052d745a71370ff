import { lockName } from '../platform/tab-lock.ts';
import { ConversationStore } from './conversation-store.ts';
import { isEmpty, readSaved, type SavedConversation } from './saved-conversation.ts';

/**
 * Why the conversation is not kept. unavailable: the browser gives no storage · full: it has no room ·
 * unreadable: what was kept could not be read, and the conversation begins empty
 */
export type KeepProblem = 'unavailable' | 'full' | 'unreadable';

/** A conversation with the bytes of its images by their keys. */
export interface Kept {
  saved: SavedConversation;
  images: ReadonlyMap<string, Blob>;
}

const TAB = 'conversation';
/** Between a change and its writing. Changes in between are written together. */
const PAUSE_MILLISECONDS = 500;

/**
 * Keeps the conversation of this tab on this device. Each tab has one of its own: its id is in `sessionStorage`, which
 * outlives a reload, and a lock tells it from a duplicate of the tab. A new tab takes up the conversation that was saved
 * last and that no other tab has.
 */
export class Keeper {
  problem = $state<KeepProblem>();
  readonly #isOff: boolean;
  #store: ConversationStore | undefined;
  #id = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: Kept | undefined;
  /** Keys of the images that are on the disk. */
  #stored = new Set<string>();
  #told = new Set<KeepProblem>();

  /** @param isOff nothing is written, and nothing that was written is read */
  constructor(isOff: boolean) {
    this.#isOff = isOff;
  }

  get isOff(): boolean {
    return this.#isOff;
  }

  /** True if the conversation outlives a reload of the page. */
  get isKeeping(): boolean {
    return this.#store !== undefined && this.problem !== 'full' && this.problem !== 'unavailable';
  }

  /** The conversation of this tab; undefined if there is none, or if it cannot be read. Call it once, before `keep`. */
  async restore(): Promise<Kept | undefined> {
    if (this.#isOff) return undefined;
    try {
      const store = await ConversationStore.open();
      const from = await this.#takeId(store);
      sessionStorage.setItem(TAB, this.#id);
      const kept = from === undefined ? undefined : await this.#read(store, from);
      // Only now: what is written before it was read would replace it.
      this.#store = store;
      return kept;
    } catch (error) {
      console.warn(error);
      this.#tell('unavailable');
      return undefined;
    }
  }

  /** Writes the conversation soon, and new images at once: their bytes may not get out of a page that is being closed. */
  keep(kept: Kept): void {
    if (!this.#store) return;
    this.#waiting = kept;
    if ([...kept.images.keys()].some((key) => !this.#stored.has(key))) return void this.flush();
    this.#timer ??= setTimeout(() => void this.flush(), PAUSE_MILLISECONDS);
  }

  /** Writes what waits, now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { saved, images } = this.#waiting ?? {};
    this.#waiting = undefined;
    if (!saved || !images || !this.#store) return;
    const before = this.#stored;
    const added = new Map([...images].filter(([key]) => !before.has(key)));
    const removed = [...before].filter((key) => !images.has(key));
    // Before it is written: a second call must not write the same images.
    this.#stored = new Set(images.keys());
    try {
      if (isEmpty(saved)) await this.#store.remove([this.#id]);
      else await this.#store.write(this.#id, saved, { added, removed });
      if (this.problem === 'full') this.problem = undefined;
    } catch (error) {
      console.warn(error);
      this.#stored = before;
      const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
      this.#tell(isFull ? 'full' : 'unavailable');
    }
  }

  /** Deletes this conversation and those of closed tabs. */
  async clear(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = undefined;
    this.#stored = new Set();
    const store = this.#store;
    if (!store) return;
    try {
      const closed: string[] = [];
      for (const id of await store.ids()) if (id !== this.#id && (await isFree(id))) closed.push(id);
      await store.remove([this.#id, ...closed]);
    } catch (error) {
      console.warn(error);
      this.#tell('unavailable');
    }
  }

  /** @returns the id of the conversation to begin with, which is another than this tab's for a duplicated tab */
  async #takeId(store: ConversationStore): Promise<string | undefined> {
    const own = sessionStorage.getItem(TAB);
    if (own !== null && (await lockName(lockOf(own), 'reload'))) return (this.#id = own);
    if (own === null) {
      for (const id of await store.ids()) if (await lockName(lockOf(id), 'none')) return (this.#id = id);
    }
    this.#id = crypto.randomUUID();
    await lockName(lockOf(this.#id), 'none');
    return own ?? undefined;
  }

  async #read(store: ConversationStore, id: string): Promise<Kept | undefined> {
    const stored = await store.read(id);
    if (stored === undefined) return undefined;
    const read = readSaved(stored);
    const kept = read.type === 'ok' ? await withImages(store, id, read.saved) : undefined;
    if (kept) {
      // A duplicated tab writes them under its own id.
      if (id === this.#id) this.#stored = new Set(kept.images.keys());
      return kept;
    }
    this.#tell('unreadable');
    if (read.type === 'newer') {
      // It belongs to a newer version of the page, which may come back.
      this.#id = crypto.randomUUID();
      sessionStorage.setItem(TAB, this.#id);
      await lockName(lockOf(this.#id), 'none');
    } else await store.remove([id]);
    return undefined;
  }

  /** Each problem is told once. */
  #tell(problem: KeepProblem): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    this.problem = problem;
  }
}

/** Undefined if an image is missing. */
async function withImages(store: ConversationStore, id: string, saved: SavedConversation): Promise<Kept | undefined> {
  const images = new Map<string, Blob>();
  for (const image of [...saved.attached, ...saved.exchanges.flatMap((exchange) => exchange.images)]) {
    if (image.type !== 'blob') continue;
    const blob = await store.image(id, image.key);
    if (!blob) return undefined;
    images.set(image.key, blob);
  }
  return { saved, images };
}

const lockOf = (id: string) => `conversation ${id}`;

/** True if no open tab has the conversation. */
async function isFree(id: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return !held.some(({ name }) => name === lockOf(id));
}
