import type { Session } from '../../chat/session.svelte.ts';
import { QuantLab } from './lab.svelte.ts';
import QuantPage from './QuantPage.svelte';

/**
 * What the shell imports when the lab is first visited.
 * @param page address of the page
 */
export function openQuant(session: Session, page: string) {
  return { Page: QuantPage, lab: new QuantLab(page, session) };
}
