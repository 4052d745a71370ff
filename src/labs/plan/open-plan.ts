import type { Session } from '../../chat/session.svelte.ts';
import { PlanLab } from './lab.svelte.ts';
import PlanPage from './PlanPage.svelte';

/** What the shell imports when the lab is first visited. */
export function openPlan(session: Session) {
  return { Page: PlanPage, lab: new PlanLab(session) };
}
