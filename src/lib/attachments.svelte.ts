/** An image of the prompt. `url` is an object URL, given back with `release`. */
export interface Attachment {
  id: string;
  name: string;
  blob: Blob;
  url: string;
}

export const imageTypes: readonly string[] = ['image/png', 'image/jpeg', 'image/webp'];

export function isImage(file: File): boolean {
  return imageTypes.includes(file.type);
}

let made = 0;

/** Images that wait in the composer. */
export class Attachments {
  items = $state.raw<readonly Attachment[]>([]);
  /** Names of files that were not taken, until the next try. */
  refused = $state.raw<readonly string[]>([]);

  add(files: readonly File[]): void {
    const images = files.filter(isImage);
    this.refused = files.filter((file) => !isImage(file)).map((file) => file.name);
    const added = images.map((blob) => ({
      id: `image-${++made}`,
      // Pasted pictures are all called "image.png" or nothing.
      name: blob.name || `image-${made}`,
      blob,
      url: URL.createObjectURL(blob),
    }));
    this.items = [...this.items, ...added];
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

export function release(items: readonly Attachment[]): void {
  for (const item of items) URL.revokeObjectURL(item.url);
}
