/** The package that the page opens by itself. */
import type { Teaches } from './manifest.ts';

export interface DefaultPackage {
  /** Its folder in `public/models`. */
  folder: string;
  /** As its manifest says: the page greets visitors before it has read that. */
  teaches: Teaches | undefined;
}

/** The miniature of `training/`, with the Korean vocabulary. */
export const DEFAULT_PACKAGE: DefaultPackage = { folder: 'teaching-ko-q4', teaches: 'phantoms' };
