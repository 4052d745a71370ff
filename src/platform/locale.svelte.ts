import { IntlMessageFormat } from 'intl-messageformat';
import { en } from '../messages/en.ts';
import { ko } from '../messages/ko.ts';
import type { MessageKey, Values } from '../messages/messages.ts';
import { readStored, writeStored } from './stored.ts';

export type Locale = 'ko' | 'en';
export const locales: readonly Locale[] = ['ko', 'en'];

const key = 'locale';
const messages: Record<Locale, Record<MessageKey, string>> = { ko, en };

function isLocale(value: string | null | undefined): value is Locale {
  return value === 'ko' || value === 'en';
}

class LocaleState {
  #current = $state<Locale>('ko');

  get current(): Locale {
    return this.#current;
  }

  set current(locale: Locale) {
    this.#current = locale;
    writeStored(key, locale);
    this.apply();
  }

  /** `?lang=` of the address, else the choice of the last visit, else Korean. */
  restore(search: string): void {
    const asked = new URLSearchParams(search).get('lang');
    const kept = readStored(key);
    this.#current = isLocale(asked) ? asked : isLocale(kept) ? kept : 'ko';
    this.apply();
  }

  private apply(): void {
    document.documentElement.lang = this.#current;
  }
}

export const locale = new LocaleState();

const parsed = new Map<string, IntlMessageFormat>();

function format(id: MessageKey, values: Readonly<Record<string, string | number>>): string {
  const cacheKey = `${locale.current}/${id}`;
  let message = parsed.get(cacheKey);
  if (!message) {
    message = new IntlMessageFormat(messages[locale.current][id], locale.current);
    parsed.set(cacheKey, message);
  }
  return String(message.format(values));
}

/** A message in the current language; reactive where it is read in a component. */
export function t<Key extends MessageKey>(id: Key, ...values: Values<Key>): string {
  return format(id, values[0] ?? {});
}

/** A message whose arguments came as data (the detail of a failure); a missing one shows as a dash. */
export function tWith(id: MessageKey, values: Readonly<Record<string, string | number>>): string {
  const names = messages[locale.current][id].match(/\{\w+/g) ?? [];
  const dashes = Object.fromEntries(names.map((name) => [name.slice(1), '–']));
  return format(id, { ...dashes, ...values });
}
