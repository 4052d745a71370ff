/** Opens a package that was just made, with its results over the page, and puts an adapter beside it that was picked for that. */
import type { Session } from '../../chat/session.svelte.ts';
import type { Labs } from '../labs.ts';
import { making } from './making.svelte.ts';

export async function openMade(session: Session, labs: Labs): Promise<void> {
  const { made, beside } = making;
  if (!made) return;
  session.dialog = 'made';
  const isOpen = await session.choose(made.source);
  if (!isOpen || !beside) return;
  const { lab } = await labs.lora.load();
  await lab.addFiles(beside.files.flatMap(({ blob }) => (blob instanceof File ? [blob] : [])));
  making.isBeside = true;
}
