import type { Failure } from '#core/failure.ts';
import type { Phantom } from '#core/phantoms/phantom.ts';
import type { Shown } from '#core/phantoms/verdict.ts';
import type { ChatMessage } from '#core/chat/message.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import { release, type Attachment } from '../../chat/attachments.svelte.ts';
import { ImageWorker } from '../../workers/image-worker.ts';
import type { Wished } from '../../chat/adapter/trained-adapter.ts';
import { phantomNumbered, PhantomSource, type DrawnPhantom } from '../../chat/phantoms.ts';

/** Tokens: enough for a whole report of the teaching model, or the first sentences of a larger model's. */
export const longestAnswer = 160;

/** The prompt of both answers: one question, with or without an image. */
export class Prompt {
  text = $state('');
  image = $state.raw<Attachment>();
  seed = $state(1);
  /** 0 is greedy. */
  temperature = $state(0);
  /** Why the last file is not shown. */
  failure = $state.raw<Failure>();
  #wished = $state.raw<{ answer: Wished; image: Attachment | undefined }>();
  readonly #phantoms = new PhantomSource();
  readonly #reader = new ImageWorker();
  #made = 0;

  get phantom(): Phantom | undefined {
    return this.image?.phantom;
  }

  get shown(): Shown<Phantom> {
    return this.image ? (this.image.phantom ?? 'unknown') : 'nothing';
  }

  /** The answer that a trained adapter is to give, as long as its question and image stand here. */
  get wishedNow(): Wished | undefined {
    const { answer, image } = this.#wished ?? {};
    return answer?.question.trim() === this.text.trim() && image === this.image ? answer : undefined;
  }

  get empty(): boolean {
    return this.text.trim() === '';
  }

  /** @param fits phantoms are drawn until one fits; by default each does */
  drawPhantom(fits: (phantom: Phantom) => boolean = () => true): void {
    let drawn = this.#phantoms.next();
    while (!fits(drawn.phantom)) drawn = this.#phantoms.next();
    this.#show(drawn);
  }

  /** The phantom of a link. */
  showPhantom(number: string): void {
    const drawn = phantomNumbered(number);
    if (drawn) this.#show(drawn);
  }

  /** Asks what a trained adapter is compared by. */
  async ask(wished: Wished, image: DrawnPhantom | File | undefined): Promise<void> {
    this.text = wished.question;
    if (image instanceof File) await this.showFile(image);
    else if (image) this.#show(image);
    else this.removeImage();
    this.#wished = { answer: wished, image: this.image };
  }

  /** Shows what the model will see of a file; one that cannot be read leaves the image as it is and sets `failure`. */
  async showFile(file: File): Promise<void> {
    this.failure = undefined;
    const { name } = file;
    const end = await this.#reader.start('read', { name, file }).ended;
    this.#reader.end();
    if (end.type === 'stopped') return;
    if (end.type === 'failed') this.failure = end.failure;
    else if (end.read.type === 'dicom') this.failure = { code: 'image-kind', detail: { name, kind: 'dicom' } };
    else {
      const blob = end.read.type === 'png' ? end.read.png : file;
      this.#replace({ ...this.#attachment(name), blob, url: URL.createObjectURL(blob) });
    }
  }

  removeImage(): void {
    this.#replace(undefined);
  }

  get messages(): ChatMessage[] {
    const { image } = this;
    const text = { type: 'text', text: this.text.trim() } as const;
    const content = image ? [{ type: 'image', name: image.name, image: image.blob } as const, text] : [text];
    return [{ role: 'user', content }];
  }

  get sampling(): Sampling {
    return { temperature: this.temperature, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: this.seed };
  }

  #show({ phantom, number, file }: DrawnPhantom): void {
    this.#replace({ ...this.#attachment(number), blob: file, url: URL.createObjectURL(file), phantom });
  }

  #attachment(name: string): { id: string; name: string } {
    return { id: `prompt-image-${++this.#made}`, name };
  }

  #replace(image: Attachment | undefined): void {
    if (this.image) release([this.image]);
    this.failure = undefined;
    this.image = image;
  }
}
