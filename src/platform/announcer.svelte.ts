import { locale } from './locale.svelte.ts';

const kept = 12;

/**
 * What a screen reader hears of a streaming answer: whole sentences, not tokens. The lines stand in an
 * aria-live region; each is added once.
 */
export class Announcer {
  lines = $state.raw<readonly { id: number; text: string }[]>([]);
  #count = 0;
  #spoken = 0;

  /** A new answer begins. */
  start(): void {
    this.#spoken = 0;
  }

  say(text: string): void {
    this.lines = [...this.lines.slice(1 - kept), { id: ++this.#count, text }];
  }

  /** @param text the whole answer so far @param ended true when no more will come */
  follow(text: string, ended: boolean): void {
    const rest = text.slice(this.#spoken);
    const segmenter = new Intl.Segmenter(locale.current, { granularity: 'sentence' });
    const sentences = [...segmenter.segment(rest)].map(({ segment }) => segment);
    // The last sentence may still grow.
    const whole = ended ? sentences : sentences.slice(0, -1);
    for (const sentence of whole) {
      this.#spoken += sentence.length;
      const plain = sentence.replace(/[*_`#>|~]+/g, ' ').trim();
      if (plain) this.say(plain);
    }
  }
}
