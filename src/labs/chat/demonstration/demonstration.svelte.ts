import type { ContentPart } from '#core/chat/message.ts';
import { suggestQuestions } from '#core/phantoms/suggestions.ts';
import { judge } from '#core/phantoms/verdict.ts';
import type { GenerateEvent } from '#core/protocol/engine.ts';
import { PhantomSource } from '../../../chat/phantoms.ts';
import type { Session } from '../../../chat/session.svelte.ts';
import { locale } from '../../../platform/locale.svelte.ts';
import { pause } from '../../../platform/pause.ts';
import { recordedScene } from './recorded.ts';
import type { Answered, Scene } from './scene.ts';

/** All in milliseconds. */
const LOOK = 700;
/** Between two characters: an answer may be there at once, and would not be seen coming. */
const CHARACTER = 45;
const BEFORE_VERDICT = 350;
const REST = { recorded: 2500, live: 6000 };
/** Of one run, so that a page that is left open does not keep a machine busy. */
const LONGEST = 180_000;

const MOST_TOKENS = 64;
const GREEDY = { temperature: 0, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: 0 };

/**
 * Questions about phantoms that answer themselves in the empty chat: recorded answers until the model is open, then answers of the
 * model. The conversation and its score are left alone, and whatever the visitor asks the engine for comes first.
 */
export class Demonstration {
  scene = $state.raw<Scene>();
  /** Object URL of its phantom. */
  url = $state('');
  /** The answer as far as it is shown. */
  text = $state('');
  /** Tokens of `text`. */
  tokens = $state(0);
  /** Undefined until the answer is shown whole. */
  answer = $state.raw<Answered>();
  isPlaying = $state(false);
  readonly #session: Session;
  readonly #isEndless: boolean;
  readonly #phantoms = new PhantomSource();
  #recorded = 0;
  #run: AbortController | undefined;
  /** What the recorded scene ends with. */
  #whole: Answered | undefined;

  /** @param isEndless it does not stop by itself */
  constructor(session: Session, isEndless: boolean) {
    this.#session = session;
    this.#isEndless = isEndless;
  }

  /** True if the open model answers such questions, and nothing else keeps the engine busy. */
  get canBeLive(): boolean {
    const { model, generating, opening, tracing, searching, adapting } = this.#session.engine;
    if (!model?.hasVision || model.teaches !== 'phantoms' || model.randomWeights) return false;
    return !(generating || opening || tracing || searching || adapting);
  }

  /** Shows the first recorded scene with its whole answer. */
  showStill(): void {
    const { scene, answer } = recordedScene(locale.current, 0);
    this.#show(scene);
    this.#complete(answer);
  }

  /** Plays until `stop`. */
  play(): void {
    this.stop();
    const run = new AbortController();
    this.#run = run;
    this.isPlaying = true;
    void this.#play(run.signal).finally(() => {
      if (this.#run === run) this.stop();
    });
  }

  /** A recorded answer is then shown whole, one of the model as far as it came. */
  stop(): void {
    if (!this.#run) return;
    this.#run.abort();
    this.#run = undefined;
    this.isPlaying = false;
    if (this.#whole) this.#complete(this.#whole);
    void this.#session.engine.endDemonstration();
  }

  /** Stops for good. */
  end(): void {
    this.stop();
    URL.revokeObjectURL(this.url);
  }

  async #play(signal: AbortSignal): Promise<void> {
    const end = performance.now() + LONGEST;
    while (!signal.aborted && (this.#isEndless || performance.now() < end)) {
      if (this.canBeLive) await this.#playLive(signal);
      else await this.#playRecorded(signal);
    }
  }

  async #playRecorded(signal: AbortSignal): Promise<void> {
    const { scene, answer } = recordedScene(locale.current, this.#recorded++);
    this.#show(scene);
    this.#whole = answer;
    await pause(LOOK, signal);
    for (let shown = 1; shown <= answer.text.length && !signal.aborted; shown++) {
      this.#reveal(answer, shown);
      await pause(CHARACTER, signal);
    }
    await pause(BEFORE_VERDICT, signal);
    if (signal.aborted) return;
    this.#complete(answer);
    // The model may be ready meanwhile: then it goes on sooner.
    for (let rested = 0; rested < REST.recorded && !(rested >= 1000 && this.canBeLive); rested += 250)
      await pause(250, signal);
  }

  async #playLive(signal: AbortSignal): Promise<void> {
    const drawn = this.#phantoms.next();
    const language = locale.current;
    const [question = ''] = suggestQuestions(drawn.phantom, language);
    this.#show({ drawn, language, question, source: 'live' });
    await pause(LOOK, signal);
    if (signal.aborted) return;
    const part: ContentPart = { type: 'image', name: drawn.file.name, image: drawn.file };
    const messages = [{ role: 'user', content: [part, { type: 'text', text: question }] }] as const;
    const written = { text: '', tokens: 0 };
    let end: GenerateEvent | undefined;
    void this.#session.engine.demonstrate({ messages, sampling: GREEDY, maxNewTokens: MOST_TOKENS }, (event) => {
      if (event.type === 'token') {
        written.text += event.text;
        written.tokens += event.ids.length;
      } else if (event.type !== 'progress') end = event;
    });
    for (let shown = 0; !signal.aborted && (end === undefined || shown < written.text.length);) {
      if (shown < written.text.length) this.#reveal(written, ++shown);
      await pause(CHARACTER, signal);
    }
    // Stopped or failed: the engine has other work, or has lost the model.
    if (end?.type !== 'done') return pause(REST.live, signal);
    const { turn, reason } = end;
    await pause(BEFORE_VERDICT, signal);
    if (signal.aborted) return;
    this.#complete({
      ...{ text: written.text, tokens: turn.newTokens },
      verdict: reason === 'end' ? judge(question, written.text, drawn.phantom) : undefined,
      firstTokenMilliseconds: turn.timeToFirstTokenMilliseconds,
      tokensPerSecond: turn.decodeTokensPerSecond,
    });
    await pause(REST.live, signal);
  }

  #show(scene: Scene): void {
    this.#whole = undefined;
    this.scene = scene;
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(scene.drawn.file);
    this.text = '';
    this.tokens = 0;
    this.answer = undefined;
  }

  #reveal({ text, tokens }: Pick<Answered, 'text' | 'tokens'>, characters: number): void {
    this.text = text.slice(0, characters);
    this.tokens = Math.round((tokens * characters) / text.length);
  }

  #complete(answer: Answered): void {
    this.#whole = undefined;
    this.text = answer.text;
    this.tokens = answer.tokens;
    this.answer = answer;
  }
}
