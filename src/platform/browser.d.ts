/** APIs of some browsers only, which lib.dom lacks. */

interface Window {
  showDirectoryPicker?: (options?: { id?: string; mode?: 'read' }) => Promise<FileSystemDirectoryHandle>;
}

interface Performance {
  readonly memory?: { readonly usedJSHeapSize: number };
}

interface Navigator {
  readonly connection?: { readonly saveData?: boolean };
}
