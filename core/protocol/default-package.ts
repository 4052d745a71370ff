/** The package that the page opens by itself. */
import type { Teaches } from './manifest.ts';

export interface DefaultPackage {
  /** Its folder in `public/models`. */
  folder: string;
  /** As its manifest says: the page greets visitors before it has read that. */
  teaches: Teaches | undefined;
}

/** Weights that were never trained: what stands in where nothing better does, and what tests run on. */
export const STAND_IN: DefaultPackage = { folder: 'default', teaches: undefined };

/** The miniature of `training/`, with the Korean vocabulary. */
export const TEACHING_MODEL: DefaultPackage = { folder: 'teaching-ko-q4', teaches: 'phantoms' };

export const DEFAULT_PACKAGE: DefaultPackage = STAND_IN;
