import type { ChatTokenizer } from '#core/chat/tokenizer.ts';

/** Text that was appended to an answer. */
export interface TextDelta {
  text: string;
  /** The model's thinking, which the page folds away. */
  thought: boolean;
}

/** MedGemma encloses its thinking in these two tokens, and begins it with a heading. */
const THOUGHT_BEGIN = '<unused94>';
const THOUGHT_END = '<unused95>';
const THOUGHT_HEADING = 'thought\n';

const BYTE = /^<0x([0-9A-F]{2})>$/;

/**
 * Turns the tokens of one answer into text as they come. A delta never ends within a UTF-8 character (a Hangul syllable is
 * up to three byte tokens). Special tokens and the heading of a thought are left out.
 */
export class TextStream {
  private readonly thoughtBegin: number | undefined;
  private readonly thoughtEnd: number | undefined;
  // A byte order mark within an answer is an ordinary character.
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  private thought = false;
  /** The beginning of a thought while it may still be the heading; undefined otherwise. */
  private heading: string | undefined;
  private deltas: TextDelta[] = [];

  constructor(private readonly tokenizer: ChatTokenizer) {
    this.thoughtBegin = tokenizer.idOf(THOUGHT_BEGIN);
    this.thoughtEnd = tokenizer.idOf(THOUGHT_END);
  }

  /** The text that this token completes; empty while a character is incomplete. */
  push(id: number): TextDelta[] {
    if (id === this.thoughtBegin || id === this.thoughtEnd) {
      this.flush();
      this.thought = id === this.thoughtBegin;
      this.heading = this.thought ? '' : undefined;
    } else if (!this.tokenizer.isSpecial(id)) {
      const byte = BYTE.exec(this.tokenizer.tokenOf(id) ?? '')?.[1];
      if (byte === undefined) {
        this.flushBytes();
        this.emit(this.tokenizer.decode([id]));
      } else {
        this.emit(this.utf8.decode(Uint8Array.of(Number.parseInt(byte, 16)), { stream: true }));
      }
    }
    return this.take();
  }

  /** The text that is still held back; incomplete characters become U+FFFD. */
  end(): TextDelta[] {
    this.flush();
    return this.take();
  }

  private flush(): void {
    this.flushBytes();
    if (this.heading === undefined) return;
    const held = this.heading;
    this.heading = undefined;
    if (held !== THOUGHT_HEADING.trimEnd()) this.emit(held);
  }

  private flushBytes(): void {
    this.emit(this.utf8.decode());
  }

  private emit(text: string): void {
    if (text === '') return;
    if (this.heading !== undefined) {
      const start = this.heading + text;
      this.heading = undefined;
      if (start !== THOUGHT_HEADING && THOUGHT_HEADING.startsWith(start)) {
        this.heading = start;
        return;
      }
      text = start.startsWith(THOUGHT_HEADING) ? start.slice(THOUGHT_HEADING.length) : start;
      if (text === '') return;
    }
    this.deltas.push({ text, thought: this.thought });
  }

  private take(): TextDelta[] {
    const taken = this.deltas;
    this.deltas = [];
    return taken;
  }
}
