import type { PackageSource } from '#core/protocol/engine.ts';
import { Attachments } from './attachments.svelte.ts';
import { Conversation } from './conversation.svelte.ts';
import { Engine } from './engine.svelte.ts';
import type { Action } from './failure-actions.ts';
import { t } from './locale.svelte.ts';
import { contextLengths, Settings } from './settings.svelte.ts';

export type OpenDialog = 'none' | 'model' | 'settings' | 'about' | 'stats' | 'clear';

/** Everything the page holds, and what its buttons do. */
export class Session {
  readonly settings = new Settings();
  readonly engine = new Engine();
  readonly conversation = new Conversation(this.engine, this.settings);
  readonly attachments = new Attachments();
  /** What stands in the composer. */
  draft = $state('');
  dialog = $state<OpenDialog>('none');

  readonly defaultSource: PackageSource;

  /** @param page address of the page; the built-in package lies beside it */
  constructor(page: string) {
    this.defaultSource = { type: 'url', url: new URL('models/default/', page).href };
  }

  /** The next longer context that may be tried, if the model was not already cut to what it can do. */
  get longerContext(): number | undefined {
    const now = this.engine.model?.contextLength ?? this.settings.contextLength;
    if (now < (this.engine.options?.contextLength ?? 0)) return undefined;
    return contextLengths.find((length) => length > now);
  }

  get shorterContext(): number | undefined {
    return contextLengths.findLast((length) => length < this.settings.contextLength);
  }

  /** What to call the package that opens: the built-in one has a name of its own. */
  get openingName(): string {
    const { source, opening } = this.engine;
    return source === this.defaultSource ? t('open.default') : (opening?.name ?? '');
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
    await this.conversation.send(text, this.attachments.take());
  }

  get canSend(): boolean {
    return this.engine.model !== undefined && !this.engine.generating;
  }

  /** One of the ways out that a failure offers. */
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
