import type { Phantom } from '#core/phantoms/phantom.ts';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { Teaches } from '#core/protocol/manifest.ts';
import { Attachments } from './attachments.svelte.ts';
import { Conversation } from './conversation.svelte.ts';
import { EngineClient } from '../workers/engine.svelte.ts';
import type { Action } from './failure-actions.ts';
import { lessonOf, shownTo } from './lesson.ts';
import { t } from '../platform/locale.svelte.ts';
import { PhantomSource } from './phantoms.ts';
import { contextLengths, Settings } from './settings.svelte.ts';

export type OpenDialog = 'none' | 'model' | 'settings' | 'about' | 'stats' | 'clear';

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

  readonly defaultSource: PackageSource;

  /** @param page address of the page; the built-in package is in a folder beside it */
  constructor(page: string) {
    this.defaultSource = { type: 'url', url: new URL(`models/${DEFAULT_PACKAGE.folder}/`, page).href };
  }

  /** The next longer context to offer; undefined when the model was already opened with its own maximum. */
  get longerContext(): number | undefined {
    const now = this.engine.model?.contextLength ?? this.settings.contextLength;
    if (now < (this.engine.options?.contextLength ?? 0)) return undefined;
    return contextLengths.find((length) => length > now);
  }

  get shorterContext(): number | undefined {
    return contextLengths.findLast((length) => length < this.settings.contextLength);
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

  async open(source: PackageSource): Promise<boolean> {
    if (this.dialog === 'model') this.dialog = 'none';
    const ready = await this.engine.open(source, this.settings.openOptions());
    const name = this.engine.model?.name;
    if (ready && name) this.conversation.announcer.say(t('opening.done', { name }));
    return ready;
  }

  async reopen(): Promise<boolean> {
    return this.open(this.engine.source ?? this.defaultSource);
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

  get canSend(): boolean {
    // An image that is still being read would be left out.
    return this.engine.model !== undefined && !this.engine.generating && this.attachments.reading === 0;
  }

  /** Runs an action that a failure notice offers. */
  async perform(action: Action): Promise<void> {
    const { engine, conversation, settings } = this;
    if (action === 'choose-model') this.dialog = 'model';
    else if (action === 'new-conversation') await conversation.clear();
    else if (action === 'drop-oldest') await conversation.dropOldestAndRetry();
    else if (action === 'without-images') await conversation.withoutImages();
    else if (action === 'retry' && engine.model) await conversation.regenerate();
    else if (action === 'longer-context') {
      settings.contextLength = this.longerContext ?? settings.contextLength;
      if (await this.reopen()) await conversation.regenerate();
    } else {
      if (action === 'use-cpu') settings.provider = 'wasm';
      if (action === 'shorter-context') settings.contextLength = this.shorterContext ?? settings.contextLength;
      await this.reopen();
    }
  }
}
