/** The package that the page opens at startup. */
import type { Teaches } from './manifest.ts';

export interface DefaultPackage {
  /** Folder in `public/models`. */
  folder: string;
  /** As in its manifest; the page needs it before the manifest is loaded. */
  teaches: Teaches | undefined;
}

/** The teaching model of `training/`, with the Korean vocabulary. */
export const DEFAULT_PACKAGE: DefaultPackage = { folder: 'teaching-ko-q4', teaches: 'phantoms' };
