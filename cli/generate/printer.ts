/** Prints an answer as it comes: its text to stdout, the thought and the progress to stderr. */
import type { GenerateUpdate } from '#core/protocol/engine.ts';
import type { CommandIo } from '../shared/command.ts';
import { progressBar, type Progress } from '../shared/progress.ts';

type ProgressUpdate = Extract<GenerateUpdate, { type: 'progress' }>;
type TokenUpdate = Extract<GenerateUpdate, { type: 'token' }>;

export class AnswerPrinter {
  /** The answer without the thought. */
  text = '';
  thought = '';
  readonly ids: number[] = [];
  readonly #io: Pick<CommandIo, 'stdout' | 'stderr'>;
  readonly #streams: boolean;
  #bar: (Progress & { phase: ProgressUpdate['phase']; done: number }) | undefined;

  /** @param streams false: nothing is written to stdout, and no thought */
  constructor(io: Pick<CommandIo, 'stdout' | 'stderr'>, streams: boolean) {
    this.#io = io;
    this.#streams = streams;
  }

  readonly update = (update: GenerateUpdate): void => {
    if (update.type === 'progress') this.#progress(update);
    else this.#token(update);
  };

  /** Ends the line of the answer. */
  end(): void {
    this.#stopBar();
    if (!this.#streams) return;
    if (this.text !== '') this.#io.stdout.write('\n');
    else if (this.thought !== '') this.#io.stderr.write('\n');
  }

  #token({ text, thought, ids }: TokenUpdate): void {
    this.#stopBar();
    this.ids.push(...ids);
    if (text === '') return;
    const isFirst = (thought ? this.thought : this.text) === '';
    if (thought) this.thought += text;
    else this.text += text;
    if (!this.#streams) return;
    if (thought) this.#write(this.#io.stderr, isFirst ? `thought: ${text}` : text);
    else {
      // The thought ends on a line of its own.
      if (isFirst && this.thought !== '') this.#io.stderr.write('\n\n');
      this.#write(this.#io.stdout, text);
    }
  }

  #write(stream: NodeJS.WritableStream, text: string): void {
    stream.write(isTerminal(stream) ? withoutControls(text) : text);
  }

  #progress({ phase, done, total }: ProgressUpdate): void {
    if (this.#bar?.phase !== phase) {
      this.#stopBar();
      const label = phase === 'image' ? 'images' : 'prompt';
      const bar = progressBar(this.#io.stderr, total, phase === 'image' ? { label } : { label, unit: 'tokens' });
      this.#bar = { ...bar, phase, done: 0 };
    }
    this.#bar.add(done - this.#bar.done);
    this.#bar.done = done;
  }

  #stopBar(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

function isTerminal(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

// eslint-disable-next-line no-control-regex -- these are what is escaped
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;

/** A model may write sequences that steer a terminal; they are shown as escapes. Line ends and tabs stay. */
function withoutControls(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
