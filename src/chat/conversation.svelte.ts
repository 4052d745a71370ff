import type { ChatMessage, ContentPart } from '#core/chat/message.ts';
import type { GenerateEvent } from '#core/protocol/engine.ts';
import type { TurnStats } from '#core/protocol/stats.ts';
import type { Failure } from '#core/failure.ts';
import type { Teaches } from '#core/protocol/manifest.ts';
import { Announcer } from '../platform/announcer.svelte.ts';
import { release, type Attachment } from './attachments.svelte.ts';
import type { EngineClient } from '../workers/engine.svelte.ts';
import { t } from '../platform/locale.svelte.ts';
import { sum, tally, type Verdict } from './score.ts';
import type { Settings } from './settings.svelte.ts';
import type { Lesson, Turn } from './turn.ts';

export type AnswerState = 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';

/** One answer; it grows while it streams. */
export class Answer {
  text = $state('');
  /** Thoughts of the model: folded on the page, and not sent back to it. */
  thought = $state('');
  state = $state<AnswerState>('waiting');
  progress = $state.raw<GenerateEvent & { type: 'progress' }>();
  reason = $state<'end' | 'length' | 'context-full'>();
  failure = $state.raw<Failure>();
  turn = $state.raw<TurnStats>();
  /** Undefined if the right answer is not known. */
  verdict = $state.raw<Verdict>();
  readonly running = $derived(this.state === 'waiting' || this.state === 'streaming');

  constructor(
    readonly modelName: string,
    readonly randomWeights: boolean,
    readonly teaches: Teaches | undefined,
    /** Undefined for a greedy answer. */
    readonly seed: number | undefined,
  ) {}
}

let made = 0;

/** A question and its answer. */
export class Exchange {
  readonly id = `exchange-${++made}`;
  images = $state.raw<readonly Attachment[]>([]);
  answer = $state.raw<Answer>(new Answer('', false, undefined, undefined));
  /** Still on the page, but no longer sent to the model. */
  leftOut = $state(false);

  constructor(
    readonly text: string,
    images: readonly Attachment[],
  ) {
    this.images = images;
  }

  /** Length in tokens of the conversation up to the end of this answer, once it is known. */
  get tokensUpTo(): number | undefined {
    const { turn } = this.answer;
    return turn && turn.cachedTokens + turn.prefillTokens + turn.newTokens;
  }
}

/** The turns before an edit. */
export interface Replaced {
  exchanges: readonly Exchange[];
  /** How many turns after the edited one were dropped. */
  dropped: number;
}

/** The conversation. Failed and stopped answers stay in it. */
export class Conversation {
  exchanges = $state.raw<readonly Exchange[]>([]);
  /** What the last edit replaced, until it cannot be undone any more. */
  replaced = $state.raw<Replaced>();
  readonly announcer = new Announcer();
  /** Verdicts of conversations that were cleared. */
  #before = $state.raw({ asked: 0, right: 0 });
  /** Score of all verdicts since the page was opened. */
  readonly score = $derived(sum(this.#before, tally(this.exchanges.map(({ answer }) => answer.verdict))));
  readonly #engine: EngineClient;
  readonly #settings: Settings;
  readonly #lessonOf: (teaches: Teaches | undefined) => Lesson | undefined;
  #answering: Promise<void> = Promise.resolve();

  /** @param lessonOf what a model was taught, by its manifest */
  constructor(
    engine: EngineClient,
    settings: Settings,
    lessonOf: (teaches: Teaches | undefined) => Lesson | undefined,
  ) {
    this.#engine = engine;
    this.#settings = settings;
    this.#lessonOf = lessonOf;
  }

  get last(): Exchange | undefined {
    return this.exchanges.at(-1);
  }

  /** The exchanges that are sent with the next question. Those without an answer are not sent. */
  get remembered(): Exchange[] {
    return this.exchanges.filter(({ leftOut, answer }) => !leftOut && (answer.running || answer.text.trim() !== ''));
  }

  /** Resolves when the answer that is being written has ended. */
  get answered(): Promise<void> {
    return this.#answering;
  }

  /** True when an older turn can be left out to make room. */
  get canDropOldest(): boolean {
    return this.exchanges.slice(0, -1).some((exchange) => !exchange.leftOut);
  }

  async send(text: string, images: readonly Attachment[]): Promise<void> {
    if (this.#engine.generating) return;
    this.acceptReplace();
    const exchange = new Exchange(text, images);
    this.exchanges = [...this.exchanges, exchange];
    await this.#begin(exchange);
  }

  /** Puts a question in the place of an earlier one, drops what came after that one, and answers it. */
  async replace(earlier: Exchange, text: string, images: readonly Attachment[]): Promise<void> {
    const at = this.exchanges.indexOf(earlier);
    if (at < 0 || this.#engine.generating) return;
    this.acceptReplace();
    this.replaced = { exchanges: this.exchanges, dropped: this.exchanges.length - at - 1 };
    const exchange = new Exchange(text, images);
    this.exchanges = [...this.exchanges.slice(0, at), exchange];
    await this.#begin(exchange);
  }

  /** Brings back the turns before the last edit. */
  async undoReplace(): Promise<void> {
    const { replaced } = this;
    if (!replaced) return;
    await this.#engine.stop();
    this.replaced = undefined;
    for (const { images } of this.exchanges.filter((exchange) => !replaced.exchanges.includes(exchange)))
      release(images);
    this.exchanges = replaced.exchanges;
  }

  /** Answers the last question again. */
  async regenerate(): Promise<void> {
    if (this.last && !this.#engine.generating) await this.#begin(this.last);
  }

  /** Removes the images of the last question, and those of the turns before it if a model has no vision, and answers it again. */
  async withoutImages(): Promise<void> {
    const { last } = this;
    if (!last || this.#engine.generating) return;
    const isBlind = last.answer.failure?.code === 'no-vision';
    for (const exchange of isBlind || last.images.length === 0 ? this.exchanges : [last]) {
      release(exchange.images);
      exchange.images = [];
    }
    await this.regenerate();
  }

  /** Leaves out as many of the oldest turns as the last one lacks room for, then answers it again. */
  async dropOldestAndRetry(): Promise<void> {
    const { last } = this;
    if (!last || this.#engine.generating) return;
    const kept = this.exchanges.slice(0, -1).filter((exchange) => !exchange.leftOut);
    const { needed, limit } = last.answer.failure?.detail ?? {};
    const lacking = typeof needed === 'number' && typeof limit === 'number' ? needed - limit : 0;
    // Makes room for the answer, not only for the question.
    const wanted = lacking + Math.min(this.#settings.maxNewTokens, (this.#engine.model?.contextLength ?? 0) / 4);
    for (const exchange of kept) {
      exchange.leftOut = true;
      if ((exchange.tokensUpTo ?? 0) >= wanted) break;
    }
    await this.regenerate();
  }

  async clear(): Promise<void> {
    await this.#engine.stop();
    this.acceptReplace();
    for (const exchange of this.exchanges) release(exchange.images);
    this.#before = this.score;
    this.exchanges = [];
    await this.#engine.forget();
  }

  /** Verdicts of conversations that were cleared do not count any more. */
  forgetScore(): void {
    this.#before = { asked: 0, right: 0 };
  }

  /** The last edit cannot be undone any more. */
  acceptReplace(): void {
    const { replaced } = this;
    this.replaced = undefined;
    for (const exchange of replaced?.exchanges ?? []) {
      if (!this.exchanges.includes(exchange)) release(exchange.images);
    }
  }

  #begin(exchange: Exchange): Promise<void> {
    this.#answering = this.#answer(exchange);
    return this.#answering;
  }

  async #answer(exchange: Exchange): Promise<void> {
    const sampling = this.#settings.sampling();
    const { model } = this.#engine;
    const seed = sampling.temperature > 0 ? sampling.seed : undefined;
    const answer = new Answer(model?.name ?? '', model?.randomWeights ?? false, model?.teaches, seed);
    exchange.answer = answer;
    this.announcer.start();
    const { maxNewTokens, promptLookup } = this.#settings;
    const request = { messages: this.#messages(), sampling, maxNewTokens, promptLookup };
    await this.#engine.generate(request, (event) => this.#on(answer, event));
  }

  #on(answer: Answer, event: GenerateEvent): void {
    if (event.type === 'progress') answer.progress = event;
    else if (event.type === 'token') {
      if (answer.state === 'waiting') this.announcer.say(t('answer.announce.started'));
      answer.state = 'streaming';
      if (event.thought) answer.thought += event.text;
      else answer.text += event.text;
      this.announcer.follow(answer.text, false);
    } else {
      this.announcer.follow(answer.text, true);
      answer.state = event.type;
      if (event.type === 'failed') answer.failure = event.failure;
      else answer.turn = event.turn;
      if (event.type === 'done') {
        answer.reason = event.reason;
        this.announcer.say(t('answer.announce.done'));
        if (event.reason === 'end') this.#judge(answer);
      }
      if (event.type === 'stopped') this.announcer.say(t('answer.announce.stopped'));
    }
  }

  #judge(answer: Answer): void {
    answer.verdict = this.#lessonOf(answer.teaches)?.judge(this.#turns(), answer.text);
    if (!answer.verdict) return;
    const { right, answer: rightAnswer } = answer.verdict;
    this.announcer.say(right ? t('verdict.announce.right') : t('verdict.announce.wrong', { answer: rightAnswer }));
  }

  /** The messages for the model: answered turns without their thoughts, and the last question. Roles alternate. */
  #messages(): ChatMessage[] {
    const messages: ChatMessage[] = [];
    const system = this.#settings.systemText.trim();
    if (system) messages.push({ role: 'system', content: [{ type: 'text', text: system }] });
    const turns = this.#turns();
    const sent = this.#lessonOf(this.#engine.model?.teaches)?.turns(turns) ?? turns;
    for (const { text, images: attached, reply } of sent) {
      const images = attached.flatMap(({ name, blob, caption }): ContentPart[] => [
        { type: 'image', name, image: blob },
        ...(caption === undefined ? [] : [{ type: 'text' as const, text: caption }]),
      ]);
      messages.push({ role: 'user', content: [...images, { type: 'text', text }] });
      if (reply !== undefined) messages.push({ role: 'assistant', content: [{ type: 'text', text: reply }] });
    }
    return messages;
  }

  #turns(): Turn[] {
    const turns: Turn[] = [];
    for (const exchange of this.exchanges) {
      const reply = exchange === this.last ? undefined : exchange.answer.text.trim();
      if (exchange.leftOut || reply === '') continue;
      turns.push({ text: exchange.text, images: exchange.images, reply });
    }
    return turns;
  }
}
