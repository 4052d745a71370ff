/** What only some browsers have and lib.dom therefore lacks. */

interface Window {
  showDirectoryPicker?: (options?: { id?: string; mode?: 'read' }) => Promise<FileSystemDirectoryHandle>;
}

interface Performance {
  readonly memory?: { readonly usedJSHeapSize: number };
}
