import { TokenizerLab } from './lab.svelte.ts';
import TokenizerPage from './TokenizerPage.svelte';

/**
 * What the shell imports when the lab is first visited.
 * @param page address of the page
 */
export function openTokenizer(page: string) {
  return { Page: TokenizerPage, lab: new TokenizerLab(page) };
}
