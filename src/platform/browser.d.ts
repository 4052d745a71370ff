/** APIs of some browsers only, which lib.dom lacks. */

interface Window {
  showDirectoryPicker?: (options?: { id?: string; mode?: 'read' | 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
}

interface Performance {
  readonly memory?: { readonly usedJSHeapSize: number };
}
