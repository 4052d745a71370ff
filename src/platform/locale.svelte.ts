import { IntlMessageFormat } from 'intl-messageformat';
import { catalogs } from '../messages/catalogs.ts';
import type { Catalog, CatalogName, Locale, MessageKey, Values } from '../messages/messages.ts';
import { ko as shell } from '../messages/shell/ko.ts';
import { readStored, writeStored } from './stored.ts';

const key = 'locale';

/** The Korean shell is imported statically, so that the page can always say what is wrong. */
const loaded: Record<Locale, Map<CatalogName, Catalog>> = { ko: new Map([['shell', shell]]), en: new Map() };

function isLocale(value: string | null | undefined): value is Locale {
  return value === 'ko' || value === 'en';
}

class LocaleState {
  #current = $state<Locale>('ko');
  /** The language that was chosen but whose messages could not be loaded. */
  failed = $state<Locale>();
  /** Catalogs in use: a change of language loads each of them. */
  readonly #inUse = new Set<CatalogName>(['shell']);
  #chosen: Locale = 'ko';

  get current(): Locale {
    return this.#current;
  }

  /**
   * Switches to a language once its messages are loaded, and keeps the choice. If they cannot be loaded the language stays
   * as it is and `failed` names the other one.
   */
  async choose(locale: Locale): Promise<void> {
    writeStored(key, locale);
    await this.#switch(locale);
  }

  /** `?lang=` of the address, else the choice of the last visit, else Korean. */
  async restore(search: string): Promise<void> {
    const asked = new URLSearchParams(search).get('lang');
    const kept = readStored(key);
    await this.#switch(isLocale(asked) ? asked : isLocale(kept) ? kept : 'ko');
  }

  /** Loads a catalog in the current language; before that `t` throws for its keys. Rejects when it cannot be fetched. */
  async load(name: CatalogName): Promise<void> {
    // The language may change while the catalog comes.
    while (!loaded[this.#current].has(name)) await fetchCatalog(name, this.#current);
    this.#inUse.add(name);
  }

  async #switch(locale: Locale): Promise<void> {
    this.#chosen = locale;
    this.failed = undefined;
    try {
      for (const missing of this.#missing(locale)) await fetchCatalog(missing, locale);
      // A lab may have come into use meanwhile.
      if (this.#missing(locale).length > 0) return await this.#switch(locale);
    } catch (error) {
      console.error(error);
      if (this.#chosen === locale) this.failed = locale;
      return;
    }
    if (this.#chosen !== locale) return;
    this.#current = locale;
    document.documentElement.lang = locale;
  }

  #missing(locale: Locale): CatalogName[] {
    return [...this.#inUse].filter((name) => !loaded[locale].has(name));
  }
}

async function fetchCatalog(name: CatalogName, locale: Locale): Promise<void> {
  loaded[locale].set(name, await catalogs[name][locale]());
}

export const locale = new LocaleState();

const parsed = new Map<string, IntlMessageFormat>();

function textOf(id: MessageKey): string {
  for (const catalog of loaded[locale.current].values()) {
    const text = catalog[id];
    if (text !== undefined) return text;
  }
  throw new Error(`The message ${id} is in no catalog that is loaded: load it with locale.load() first.`);
}

function format(id: MessageKey, values: Readonly<Record<string, string | number>>): string {
  const cacheKey = `${locale.current}/${id}`;
  let message = parsed.get(cacheKey);
  if (!message) {
    message = new IntlMessageFormat(textOf(id), locale.current);
    parsed.set(cacheKey, message);
  }
  return String(message.format(values));
}

/** A message in the current language; reactive where it is read in a component. Throws if its catalog is not loaded. */
export function t<Key extends MessageKey>(id: Key, ...values: Values<Key>): string {
  return format(id, values[0] ?? {});
}

/** A message whose arguments came as data (the detail of a failure); a missing one shows as a dash. */
export function tWith(id: MessageKey, values: Readonly<Record<string, string | number>>): string {
  const names = textOf(id).match(/\{\w+/g) ?? [];
  const dashes = Object.fromEntries(names.map((name) => [name.slice(1), '–']));
  return format(id, { ...dashes, ...values });
}
