import type { Language } from '#core/phantoms/question.ts';
import type { DrawnPhantom } from '../phantoms.ts';

/** An answer that an adapter was trained to give. */
export interface Wished {
  question: string;
  answer: string;
  language: Language;
}

/** What the training lab hands to the LoRA lab: an adapter, with a question to compare it by. */
export interface TrainedAdapter {
  name: string;
  /** PEFT's two, by their names. */
  files: readonly File[];
  wished: Wished;
  image: DrawnPhantom | File | undefined;
}

/** 'full': as many adapters are on as can be. */
export type HandOver = (trained: TrainedAdapter) => Promise<'ok' | 'full'>;
