import type { Phantom } from '#core/phantoms/phantom.ts';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { Teaches } from '#core/protocol/manifest.ts';
import { Attachments } from './attachments.svelte.ts';
import { Conversation, type Exchange } from './conversation.svelte.ts';
import { EngineClient } from '../workers/engine.svelte.ts';
import { contentsOf, recordOf } from './conversation-record.ts';
import { contextFor, type Action, type Failed, type Situation } from './failure-actions.ts';
import { Keeper } from './keeper.svelte.ts';
import { lessonOf, shownTo } from './lesson.ts';
import { t } from '../platform/locale.svelte.ts';
import { offline } from '../platform/offline.svelte.ts';
import { PhantomSource } from './phantoms.ts';
import { copyOf, QuestionEdit } from './question-edit.svelte.ts';
import { contextLengths, Settings } from './settings.svelte.ts';
import { keepStepTimes } from './step-times.ts';
import { haiDefIsAccepted } from './terms.ts';

export type OpenDialog =
  'none' | 'model' | 'settings' | 'about' | 'stats' | 'clear' | 'terms' | 'breaks' | 'unfit' | 'ledger' | 'made';

/** State that the whole page shares, and the actions on it. */
export class Session {
  readonly settings = new Settings();
  readonly engine = new EngineClient(() => this.conversation.announcer.say(t('engine.reopened')));
  readonly conversation: Conversation = new Conversation(this.engine, this.settings, lessonOf);
  readonly attachments = new Attachments();
  readonly #phantoms = new PhantomSource();
  /** Text in the composer. */
  draft = $state('');
  dialog = $state<OpenDialog>('none');
  /** True while the bench lab measures: the model is closed, and opened again afterwards. */
  measuring = $state(false);
  /** The visitor pressed, typed or dropped something: what plays by itself ends. */
  touched = $state(false);
  /** Visitors of a kiosk before this one. */
  visits = $state(0);
  /** Length of the text that was too long to paste; 0 if none was. */
  pasteRefused = $state(0);
  /** A package that was chosen and does not fit on this machine, while the dialog `unfit` asks. */
  unfit = $state.raw<PackageSource>();
  /** Counts choices: of two packages that are looked at, the later one is opened. */
  #choice = 0;
  /** The question that is being edited. */
  edit = $state.raw<QuestionEdit>();
  readonly keeper: Keeper;
  readonly #settingsAtStart = this.settings.toJSON();
  /** Resolves when the model that is opening is open or has failed. */
  #opened: Promise<unknown> = Promise.resolve();

  readonly defaultSource: PackageSource;

  /**
   * @param page address of the page; the built-in package is in a folder beside it
   * @param isKiosk the conversation is not kept on the device
   */
  constructor(
    page: string,
    readonly isKiosk = false,
  ) {
    this.keeper = new Keeper(isKiosk);
    this.defaultSource = { type: 'url', url: new URL(`models/${DEFAULT_PACKAGE.folder}/`, page).href };
  }

  /** Longer contexts to offer; none when the model was already opened with its own maximum. */
  get longerContexts(): readonly number[] {
    const now = this.engine.model?.contextLength ?? this.settings.contextLength;
    if (now < (this.engine.options?.contextLength ?? 0)) return [];
    return contextLengths.filter((length) => length > now);
  }

  get shorterContext(): number | undefined {
    return contextLengths.findLast((length) => length < this.settings.contextLength);
  }

  /** What decides which ways out of a failure are offered. */
  situation(of: Failed): Situation {
    const { conversation, engine, settings } = this;
    const images = conversation.last?.images.length ?? 0;
    const sent = conversation.remembered.filter((exchange) => exchange !== conversation.last);
    return {
      of,
      fromAddress: (engine.source ?? this.defaultSource).type === 'url',
      provider: settings.provider,
      hasWebGpu: 'gpu' in navigator,
      canShortenContext: this.shorterContext !== undefined,
      longerContexts: this.longerContexts,
      canDropOldest: conversation.canDropOldest,
      hasText: (conversation.last?.text ?? '') !== '',
      images,
      earlierImages: sent.reduce((sum, exchange) => sum + exchange.images.length, 0),
      isKept: this.keeper.isKeeping,
    };
  }

  /** Name of the package that is opening; the built-in one has a translated name. */
  get openingName(): string {
    const { source, opening } = this.engine;
    return source === this.defaultSource ? t('open.default') : (opening?.name ?? '');
  }

  /** What the open model teaches; while the built-in model is opening, what that one will teach. */
  get teaches(): Teaches | undefined {
    const { model, source } = this.engine;
    return model ? model.teaches : source === this.defaultSource ? DEFAULT_PACKAGE.teaches : undefined;
  }

  /** The phantom that the next question is about; undefined for another image, several, or none. */
  get phantom(): Phantom | undefined {
    const waiting = this.attachments.items;
    const shown = waiting.length > 0 ? shownTo([{ images: waiting }]) : shownTo(this.conversation.remembered);
    return typeof shown === 'object' ? shown : undefined;
  }

  /** Opens a package that the visitor chose. Where it is known not to fit on this machine, a dialog asks first. */
  async choose(source: PackageSource): Promise<boolean> {
    const choice = ++this.#choice;
    // Loaded here, since most visits open nothing but the built-in model.
    const { isKnownNotToFit } = await import('../workers/package-verdict.ts');
    const isUnfit = await isKnownNotToFit(source, this.settings);
    if (choice !== this.#choice) return false;
    if (!isUnfit) return this.open(source);
    this.unfit = source;
    this.dialog = 'unfit';
    return false;
  }

  async open(source: PackageSource): Promise<boolean> {
    this.#choice++;
    this.unfit = undefined;
    if (this.dialog === 'model' || this.dialog === 'unfit') this.dialog = 'none';
    const opened = this.engine.open(source, { ...this.settings.openOptions(), asksForTerms: !haiDefIsAccepted() });
    this.#opened = opened;
    const ready = await opened;
    if (this.engine.openFailure?.code === 'terms-not-accepted') this.dialog = 'terms';
    const { model } = this.engine;
    if (model) keepStepTimes(model.graphCapture);
    const name = model?.name;
    if (ready && name) this.conversation.announcer.say(t('opening.done', { name }));
    return ready;
  }

  async reopen(): Promise<boolean> {
    return this.open(this.engine.source ?? this.defaultSource);
  }

  /** The connection is back, after a sleep or a walk: an opening that failed for it goes on where it was. */
  async connected(): Promise<void> {
    if (this.engine.openFailure?.code === 'offline' && !this.isBusy) await this.reopen();
  }

  async send(): Promise<void> {
    const text = this.draft.trim();
    if (!this.canSend || (!text && this.attachments.items.length === 0)) return;
    this.draft = '';
    await this.ask(text);
  }

  /** Sends a question with the attached images; the draft in the composer stays. */
  async ask(text: string): Promise<void> {
    if (this.canSend) await this.conversation.send(text, this.attachments.take());
  }

  drawPhantom(): void {
    const drawn = this.#phantoms.next();
    this.attachments.addPhantom(drawn);
    this.conversation.announcer.say(t('phantom.drawn', { name: t('phantom.name', { number: drawn.number }) }));
  }

  /** The visitor waits for the network or the processor. */
  get isBusy(): boolean {
    return this.engine.generating || this.engine.opening !== undefined || this.measuring;
  }

  get canSend(): boolean {
    // An image that is still being read would be left out.
    return this.engine.model !== undefined && !this.engine.generating && this.attachments.reading === 0;
  }

  /** Begins with the conversation that was kept on this device. */
  async restore(): Promise<void> {
    const kept = await this.keeper.restore();
    // The page may be in use by now: what was kept comes before what is new.
    if (!kept) return this.keep();
    try {
      const { draft, attached, exchanges } = contentsOf(kept);
      const { attachments, conversation } = this;
      this.draft ||= draft;
      attachments.items = [...attached, ...attachments.items];
      conversation.exchanges = [...exchanges, ...conversation.exchanges];
    } catch (error) {
      console.warn(error);
      this.keeper.problem = 'unreadable';
    }
  }

  /** Keeps the conversation as it is now. */
  keep(): void {
    const { draft, attachments, conversation } = this;
    this.keeper.keep(recordOf({ draft, attached: attachments.items, exchanges: conversation.exchanges }));
  }

  /** Nothing is on the page that a new conversation would remove. */
  get isEmpty(): boolean {
    return this.draft === '' && this.attachments.items.length === 0 && this.conversation.exchanges.length === 0;
  }

  /** Begins a new conversation with an empty composer; the old one is deleted from the device. */
  async clear(): Promise<void> {
    this.draft = '';
    this.pasteRefused = 0;
    this.attachments.clear();
    this.endEdit();
    await this.conversation.clear();
    await this.keeper.clear();
  }

  /** For the next visitor of a kiosk: the page as it was found, without the score and the settings of the one before. */
  async beginAgain(): Promise<void> {
    this.dialog = 'none';
    Object.assign(this.settings, this.#settingsAtStart);
    await this.clear();
    this.conversation.forgetScore();
    this.touched = false;
    this.visits++;
    // Whoever comes meanwhile need not wait for it.
    if (!this.engine.model && !this.engine.opening) void this.reopen();
  }

  /** Opens the question of a turn for editing, in its place. */
  startEdit(exchange: Exchange): void {
    this.endEdit();
    this.edit = new QuestionEdit(exchange);
  }

  endEdit(): void {
    this.edit?.release();
    this.edit = undefined;
  }

  /** Sends the edited question in the place of the old one. */
  async sendEdit(): Promise<void> {
    const { edit } = this;
    if (!edit || edit.isEmpty || !this.canSend || edit.attachments.reading > 0) return;
    this.edit = undefined;
    await this.conversation.replace(edit.exchange, edit.text.trim(), edit.attachments.take());
  }

  /** Answers the last question again, after opening the model if it is not open. */
  async answerAgain(): Promise<void> {
    await this.#opened;
    if (!this.engine.model && !(await this.reopen())) return;
    await this.conversation.regenerate();
  }

  /** Runs an action that a failure notice offers. */
  async perform(action: Action, of: Failed): Promise<void> {
    const { conversation, settings } = this;
    if (action === 'choose-model') this.dialog = 'model';
    else if (action === 'read-terms') this.dialog = 'terms';
    else if (action === 'reload') {
      await offline.apply(() => this.keeper.flush());
    } else if (action === 'new-conversation') await this.#newConversation();
    else if (action === 'drop-oldest') await conversation.dropOldestAndRetry();
    else if (action === 'without-images') await conversation.withoutImages();
    else if (action === 'edit-question') {
      if (conversation.last) this.startEdit(conversation.last);
    } else if (action === 'answer-again') await this.answerAgain();
    else {
      if (action === 'use-cpu') settings.provider = 'wasm';
      if (action === 'use-auto') settings.provider = 'auto';
      if (action === 'shorter-context') settings.contextLength = this.shorterContext ?? settings.contextLength;
      if (action === 'longer-context') settings.contextLength = this.#nextContext ?? settings.contextLength;
      if ((await this.reopen()) && of === 'answer') await conversation.regenerate();
    }
  }

  /** The shortest context that holds the last question with its conversation. */
  get #nextContext(): number | undefined {
    const needed = this.conversation.last?.answer.failure?.detail['needed'];
    return typeof needed === 'number' ? contextFor(needed, this.longerContexts) : this.longerContexts[0];
  }

  /** What the composer holds stays; into an empty one goes the question that was not answered, with its images. */
  async #newConversation(): Promise<void> {
    const { attachments, conversation } = this;
    const { last } = conversation;
    this.endEdit();
    if (last?.answer.failure && this.draft === '' && attachments.items.length === 0) {
      this.draft = last.text;
      attachments.items = last.images.map(copyOf);
    }
    await conversation.clear();
    await this.keeper.clear();
    this.keep();
  }
}
