/** TypeScript's library does not have it; Chrome has it from 110 on, Firefox from 111. */
interface FileSystemFileHandle {
  /** Renames the file in its folder; a file of that name is replaced. */
  move?(name: string): Promise<void>;
}
