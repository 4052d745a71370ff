import { flushSync } from 'svelte';
import { readStored, writeStored } from './stored.ts';

export type Theme = 'system' | 'light' | 'dark';
const themes: readonly Theme[] = ['system', 'light', 'dark'];
const key = 'theme';

class ThemeState {
  #current = $state<Theme>('system');
  #printing = $state(false);

  get current(): Theme {
    return this.#current;
  }

  /** What drawings follow: it also changes for paper, which is always light. */
  get drawn(): Theme | 'paper' {
    return this.#printing ? 'paper' : this.#current;
  }

  restore(): void {
    // Canvases keep the colours of their last drawing. They are drawn again before the page is printed, and after.
    window.addEventListener('beforeprint', () => this.#print(true));
    window.addEventListener('afterprint', () => this.#print(false));
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

  #print(printing: boolean): void {
    this.#printing = printing;
    this.apply();
    flushSync();
  }

  private apply(): void {
    if (this.#printing) document.documentElement.dataset['theme'] = 'light';
    else if (this.#current === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.#current;
  }
}

export const theme = new ThemeState();
