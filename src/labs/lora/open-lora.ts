import type { Session } from '../../chat/session.svelte.ts';
import { LoraLab } from './lab.svelte.ts';
import LoraPage from './LoraPage.svelte';

/**
 * What the shell imports when the lab is first visited.
 * @param page address of the page
 */
export function openLora(session: Session, page: string) {
  return { Page: LoraPage, lab: new LoraLab(session, page) };
}
