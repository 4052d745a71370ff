import type { Session } from '../../chat/session.svelte.ts';
import ExamPage from './ExamPage.svelte';
import { ExamLab } from './lab.svelte.ts';

/** What the shell imports when the lab is first visited. */
export function openExam(session: Session) {
  return { Page: ExamPage, lab: new ExamLab(session) };
}
