import type { Session } from '../../chat/session.svelte.ts';
import BenchPage from './BenchPage.svelte';
import { BenchLab } from './lab.svelte.ts';

/** What the shell imports when the lab is first visited. */
export function openBench(session: Session) {
  return { Page: BenchPage, lab: new BenchLab(session) };
}
