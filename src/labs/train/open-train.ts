import type { HandOver } from '../../chat/adapter/trained-adapter.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { TrainLab } from './lab.svelte.ts';
import TrainPage from './TrainPage.svelte';

/** What the shell imports when the lab is first visited. @param handOver gives an adapter to the LoRA lab, and shows that lab */
export function openTrain(session: Session, handOver: HandOver) {
  return { Page: TrainPage, lab: new TrainLab(session, handOver) };
}
