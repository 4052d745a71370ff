import type { Phantom } from '#core/phantoms/phantom.ts';
import type { DrawnPhantom } from './phantoms.ts';

/** An image of a question. `url` is an object URL; `release` revokes it. */
export interface Attachment {
  id: string;
  name: string;
  blob: Blob;
  url: string;
  /** Set for a phantom that the page drew; `name` is then its number. */
  phantom?: Phantom;
}

export const imageTypes: readonly string[] = ['image/png', 'image/jpeg', 'image/webp'];

export function isImage(file: File): boolean {
  return imageTypes.includes(file.type);
}

let made = 0;

/** Images attached to the next question. */
export class Attachments {
  items = $state.raw<readonly Attachment[]>([]);
  /** Names of the files that the last `add` refused. */
  refused = $state.raw<readonly string[]>([]);

  add(files: readonly File[]): void {
    const images = files.filter(isImage);
    this.refused = files.filter((file) => !isImage(file)).map((file) => file.name);
    // Pasted pictures are all called "image.png" or nothing.
    const added = images.map((blob) => attachment(blob, blob.name));
    this.items = [...this.items, ...added];
  }

  /** Attaches a drawn phantom in place of one that was not sent yet. */
  addPhantom({ phantom, number, file }: DrawnPhantom): void {
    for (const { id } of this.items.filter((item) => item.phantom)) this.remove(id);
    this.refused = [];
    this.items = [...this.items, { ...attachment(file, number), phantom }];
  }

  remove(id: string): void {
    release(this.items.filter((item) => item.id === id));
    this.items = this.items.filter((item) => item.id !== id);
  }

  /** Hands the images over to a turn of the conversation. */
  take(): readonly Attachment[] {
    const { items } = this;
    this.items = [];
    this.refused = [];
    return items;
  }
}

function attachment(blob: Blob, name: string): Attachment {
  const id = `image-${++made}`;
  return { id, name: name || id, blob, url: URL.createObjectURL(blob) };
}

export function release(items: readonly Attachment[]): void {
  for (const item of items) URL.revokeObjectURL(item.url);
}
