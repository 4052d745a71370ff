import type { Language } from '#core/phantoms/question.ts';
import type { Verdict } from '#core/phantoms/verdict.ts';
import type { DrawnPhantom } from '../../../chat/phantoms.ts';

/** A question about a phantom, as the demonstration shows it. */
export interface Scene {
  drawn: DrawnPhantom;
  language: Language;
  question: string;
  /** live: the open model answers on this device · recorded: it did elsewhere, earlier */
  source: 'recorded' | 'live';
}

export interface Answered {
  text: string;
  tokens: number;
  verdict: Verdict | undefined;
  firstTokenMilliseconds: number | undefined;
  tokensPerSecond: number | undefined;
}
