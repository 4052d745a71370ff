import type { ImageNote } from '#core/image/note.ts';
import type { Attachment } from './attachments.svelte.ts';

/** Names that are written out; the others are counted. */
export const SHOWN_NAMES = 3;

export interface NotedImages {
  key: string;
  note: ImageNote;
  names: readonly string[];
}

/** The notes of images, each once with the names of all images that have it: a series of slices has the same notes throughout. */
export function notedImages(items: readonly Pick<Attachment, 'name' | 'notes'>[]): NotedImages[] {
  const found = new Map<string, NotedImages>();
  for (const { name, notes = [] } of items) {
    for (const note of notes) {
      const key = JSON.stringify(note);
      found.set(key, { key, note, names: [...(found.get(key)?.names ?? []), name] });
    }
  }
  return [...found.values()];
}
