import { MAX_SLICES } from '#core/dicom/ct.ts';
import { imageTokens } from '../../../chat/dicom.svelte.ts';
import type { Session } from '../../../chat/session.svelte.ts';

/** Gemma 3's and MedGemma's, where no model is open. */
const TOKENS_PER_IMAGE = 256;

/** How many slices the context has room for, and how many are wanted. */
export class Room {
  readonly #session: Session;
  readonly #slices: number;
  #wanted = $state<number>();

  constructor(session: Session, slices: number) {
    this.#session = session;
    this.#slices = slices;
  }

  /** Tokens left for images: of the context, what the conversation takes and an answer may take is gone. */
  get free(): number {
    const { engine, settings, conversation, attachments } = this.#session;
    const context = engine.model?.contextLength ?? settings.contextLength;
    const used = conversation.remembered.at(-1)?.tokensUpTo ?? 0;
    const waiting = imageTokens(attachments.items.length, this.#perImage);
    return Math.max(0, Math.floor(context - used - waiting - Math.min(settings.maxNewTokens, context / 4)));
  }

  /** Most slices. */
  get fits(): number {
    return Math.min(MAX_SLICES, this.#slices, Math.floor(this.free / this.tokensOf(1)));
  }

  get count(): number {
    return Math.max(Math.min(2, this.fits), Math.min(this.fits, this.#wanted ?? this.fits));
  }

  set count(wanted: number) {
    if (Number.isFinite(wanted)) this.#wanted = Math.round(wanted);
  }

  tokensOf(slices: number): number {
    return imageTokens(slices, this.#perImage, true);
  }

  get #perImage(): number {
    return this.#session.engine.model?.tokensPerImage ?? TOKENS_PER_IMAGE;
  }
}
