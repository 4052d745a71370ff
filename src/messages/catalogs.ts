import type { Catalog, CatalogName, Locale } from './messages.ts';

/** Loads one catalog in one language. Rejects with the browser's TypeError when its script cannot be fetched. */
export const catalogs: Readonly<Record<CatalogName, Readonly<Record<Locale, () => Promise<Catalog>>>>> = {
  shell: {
    ko: async () => (await import('./shell/ko.ts')).ko,
    en: async () => (await import('./shell/en.ts')).en,
  },
  chat: {
    ko: async () => (await import('./chat/ko.ts')).ko,
    en: async () => (await import('./chat/en.ts')).en,
  },
  image: {
    ko: async () => (await import('./image/ko.ts')).ko,
    en: async () => (await import('./image/en.ts')).en,
  },
  tokenizer: {
    ko: async () => (await import('./tokenizer/ko.ts')).ko,
    en: async () => (await import('./tokenizer/en.ts')).en,
  },
  lora: {
    ko: async () => (await import('./lora/ko.ts')).ko,
    en: async () => (await import('./lora/en.ts')).en,
  },
  train: {
    ko: async () => (await import('./train/ko.ts')).ko,
    en: async () => (await import('./train/en.ts')).en,
  },
  quant: {
    ko: async () => (await import('./quant/ko.ts')).ko,
    en: async () => (await import('./quant/en.ts')).en,
  },
  exam: {
    ko: async () => (await import('./exam/ko.ts')).ko,
    en: async () => (await import('./exam/en.ts')).en,
  },
  bench: {
    ko: async () => (await import('./bench/ko.ts')).ko,
    en: async () => (await import('./bench/en.ts')).en,
  },
  plan: {
    ko: async () => (await import('./plan/ko.ts')).ko,
    en: async () => (await import('./plan/en.ts')).en,
  },
  adapter: {
    ko: async () => (await import('./adapter/ko.ts')).ko,
    en: async () => (await import('./adapter/en.ts')).en,
  },
  make: {
    ko: async () => (await import('./make/ko.ts')).ko,
    en: async () => (await import('./make/en.ts')).en,
  },
  fit: {
    ko: async () => (await import('./fit/ko.ts')).ko,
    en: async () => (await import('./fit/en.ts')).en,
  },
  ledger: {
    ko: async () => (await import('./ledger/ko.ts')).ko,
    en: async () => (await import('./ledger/en.ts')).en,
  },
};
