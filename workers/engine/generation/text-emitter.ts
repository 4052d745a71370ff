/** Sends new text to the page, at most once a frame. */
import type { GenerateUpdate } from '#core/protocol/engine.ts';
import type { TextDelta } from '../chat/stream.ts';

const frameMilliseconds = 16;

export class TextEmitter {
  readonly #emit: (event: GenerateUpdate) => void;
  #parts: { text: string; thought: boolean }[] = [];
  #ids: number[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastFlush = 0;

  constructor(emit: (event: GenerateUpdate) => void) {
    this.#emit = emit;
  }

  add(id: number | undefined, deltas: readonly TextDelta[]): void {
    if (id !== undefined) this.#ids.push(id);
    for (const { text, thought } of deltas) {
      const last = this.#parts.at(-1);
      if (last?.thought === thought) last.text += text;
      else this.#parts.push({ text, thought });
    }
    if (this.#timer !== undefined) return;
    const wait = this.#lastFlush + frameMilliseconds - performance.now();
    if (wait <= 0) this.flush();
    else this.#timer = setTimeout(() => this.flush(), wait);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#parts.length === 0 && this.#ids.length === 0) return;
    this.#lastFlush = performance.now();
    const parts = this.#parts.length > 0 ? this.#parts : [{ text: '', thought: false }];
    parts.forEach(({ text, thought }, index) =>
      this.#emit({ type: 'token', text, thought, ids: index === 0 ? this.#ids : [] }),
    );
    this.#parts = [];
    this.#ids = [];
  }
}
