/** APIs of some browsers only, which lib.dom lacks. */

interface Window {
  showDirectoryPicker?: (options?: { id?: string; mode?: 'read' | 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
}

interface Performance {
  readonly memory?: { readonly usedJSHeapSize: number };
}

interface Navigator {
  /** GiB, rounded; at most 8 in most browsers. */
  readonly deviceMemory?: number;
  readonly connection?: { readonly downlink?: number; readonly saveData?: boolean };
  getBattery?(): Promise<{ readonly charging: boolean; readonly level: number }>;
}
