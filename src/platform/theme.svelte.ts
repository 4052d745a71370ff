import { readStored, writeStored } from './stored.ts';

export type Theme = 'system' | 'light' | 'dark';
const themes: readonly Theme[] = ['system', 'light', 'dark'];
const key = 'theme';

class ThemeState {
  #current = $state<Theme>('system');

  get current(): Theme {
    return this.#current;
  }

  restore(): void {
    const kept = readStored(key);
    this.#current = themes.find((theme) => theme === kept) ?? 'system';
    this.apply();
  }

  /** system → light → dark → system. */
  next(): void {
    this.#current = themes[(themes.indexOf(this.#current) + 1) % themes.length] ?? 'system';
    writeStored(key, this.#current);
    this.apply();
  }

  private apply(): void {
    if (this.#current === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.#current;
  }
}

export const theme = new ThemeState();
