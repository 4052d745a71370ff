import { FailureError, type Failure } from '#core/failure.ts';
import type { Gemma3Config } from '#core/gemma3/config.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { simplestPhrasing } from '#core/phantoms/suggestions.ts';
import { Announcer } from '../../platform/announcer.svelte.ts';
import { locale, t } from '../../platform/locale.svelte.ts';
import { packageUrl } from '../../platform/package-url.ts';
import { place, type Address } from '../../platform/place.svelte.ts';
import type { TrainedAdapter } from '../../chat/adapter/trained-adapter.ts';
import { packageConfig } from '../../chat/package-config.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { WeightsWorker } from '../../workers/weights-worker.ts';
import { Comparison } from './comparison.svelte.ts';
import { Guide, steps } from './guide.svelte.ts';
import { Inside } from './inside.svelte.ts';
import { LiveAnswer } from './live-answer.svelte.ts';
import { Prompt } from './prompt.svelte.ts';
import { AdapterList } from './adapter-list.svelte.ts';
import { readParameters, type SharedLab } from './share.ts';
import { nothingShipped, readShipped, type Shipped } from './shipped.ts';
import { Sweep } from './sweep.svelte.ts';
import { WeightNorms } from '../../workers/weight-norms.svelte.ts';

/** Everything the LoRA lab holds. It works on the model of the chat. */
export class LoraLab {
  readonly session: Session;
  readonly adapterList: AdapterList;
  readonly prompt = new Prompt();
  readonly comparison: Comparison;
  readonly sweep: Sweep;
  readonly live: LiveAnswer;
  readonly inside: Inside;
  readonly guide: Guide;
  readonly announcer = new Announcer();
  shipped = $state.raw<Shipped>(nothingShipped);
  /** True once the shipped models and adapters were looked up. */
  lookedUp = $state(false);
  /** Failure of the look-up: it is not known what is shipped. */
  shippedFailure = $state.raw<Failure>();
  /** Config of the open package; undefined while it is read, or after `configFailure`. */
  config = $state.raw<Gemma3Config>();
  configFailure = $state.raw<Failure>();
  readonly busy = $derived.by(() => this.comparison.running || this.sweep.running || this.live.running);
  readonly #page: string;
  #started = false;
  #model: ModelInfo | undefined;

  /** @param page address of the page; models and adapters are in folders beside it */
  constructor(session: Session, page: string) {
    const { engine } = session;
    this.session = session;
    this.#page = page;
    this.adapterList = new AdapterList(engine, new URL('models/adapters/', page).href, () => this.#free());
    this.comparison = new Comparison(engine, this.adapterList, this.prompt);
    this.sweep = new Sweep(engine, this.adapterList, this.prompt);
    this.live = new LiveAnswer(engine, this.adapterList, this.prompt);
    this.inside = new Inside(engine, this.adapterList, new WeightNorms((onRestart) => new WeightsWorker(onRestart)));
    this.guide = new Guide(this);
  }

  /** True while an answer of the chat is written: the engine runs one job at a time. */
  get chatAnswers(): boolean {
    return this.session.conversation.last?.answer.running === true;
  }

  /** True if a question can be asked now. */
  get ready(): boolean {
    const { engine } = this.session;
    return engine.model !== undefined && !this.busy && !this.chatAnswers && this.adapterList.progress === undefined;
  }

  /** Called at the first visit. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.lookUpShipped();
    place.onArrival((address) => void this.#applyAddress(address));
  }

  /** Can be called again after a failure. */
  async lookUpShipped(): Promise<void> {
    this.shippedFailure = undefined;
    try {
      this.shipped = await readShipped(new URL('models/', this.#page).href);
      this.lookedUp = true;
    } catch (error) {
      this.shippedFailure = failureOf(error);
    }
  }

  /** Reads the config of the open package. Can be called again after a failure. */
  async readConfig(): Promise<void> {
    const { source } = this.session.engine;
    const model = this.#model;
    if (!source || !model) return;
    this.configFailure = undefined;
    const read = await packageConfig(source);
    if (this.#model !== model) return;
    if (read.type === 'ok') this.config = read.config;
    else this.configFailure = read.failure;
  }

  /** Called when the open model changes. */
  async follow(model: ModelInfo | undefined): Promise<void> {
    if (this.#model === model) return;
    this.#model = model;
    this.config = undefined;
    this.configFailure = undefined;
    this.comparison.clear();
    this.sweep.clear();
    this.live.clear();
    this.inside.norms.forget();
    await this.readConfig();
    if (model?.teaches === 'phantoms' && this.prompt.empty) {
      this.prompt.text = simplestPhrasing({ kind: 'patient-where' }, locale.current);
      if (!this.prompt.image) this.prompt.drawPhantom(({ lesions }) => lesions.length === 1);
    }
    await this.adapterList.follow();
  }

  /** Stops this lab's jobs. */
  async stop(): Promise<void> {
    if (this.busy) await this.session.engine.stop();
  }

  /** Stops the lab's jobs and waits for an answer of the chat: adapters can be changed then. */
  async #free(): Promise<void> {
    await this.stop();
    await this.session.conversation.answered;
  }

  async compare(): Promise<void> {
    await this.#runWhenReady(() => this.comparison.run());
    this.#announce();
  }

  async sweepStrengths(): Promise<void> {
    await this.#runWhenReady(() => this.sweep.run());
  }

  async answerLive(): Promise<void> {
    await this.#runWhenReady(() => this.live.run());
    if (this.live.state === 'done') this.announcer.say(t('lora.live.announce', { answer: this.live.text.trim() }));
  }

  /** Files that were dropped on the page or picked. */
  async addFiles(files: readonly File[]): Promise<void> {
    await this.adapterList.addFiles(files);
  }

  /** False if as many adapters are on as can be, and none of this name. */
  hasRoomFor(name: string): boolean {
    return !this.adapterList.full || this.adapterList.entries.some((entry) => entry.name === name);
  }

  /** Puts an adapter of the training lab on, in place of an earlier one of its name, and compares it with the base. */
  async compareTrained({ name, files, wished, image }: TrainedAdapter): Promise<void> {
    this.start();
    await this.follow(this.session.engine.model);
    const { adapterList, prompt } = this;
    const before = adapterList.entries.find((entry) => entry.name === name);
    if (before) await adapterList.remove(before);
    await prompt.ask(wished, image);
    await adapterList.addFiles(files, name);
    await this.compare();
  }

  shared(): SharedLab {
    const { prompt, adapterList, guide } = this;
    return {
      step: guide.step,
      question: prompt.text.trim(),
      phantom: prompt.phantom && prompt.image?.name,
      seed: prompt.seed,
      temperature: prompt.temperature,
      adapters: adapterList.entries.flatMap(({ address, strength, rank }) =>
        address === undefined ? [] : [{ address, strength, rank }],
      ),
    };
  }

  async #runWhenReady(run: () => Promise<void>): Promise<void> {
    if (this.prompt.empty || this.chatAnswers) return;
    await this.stop();
    await this.adapterList.sync();
    if (this.session.engine.model) await run();
  }

  #announce(): void {
    const { base, adapted } = this.comparison;
    if (adapted.answer) this.announcer.say(t('lora.compare.announce.adapted', { answer: adapted.answer.text.trim() }));
    if (base.answer) this.announcer.say(t('lora.compare.announce.base', { answer: base.answer.text.trim() }));
  }

  async #applyAddress({ lab, query }: Address): Promise<void> {
    if (lab !== 'lora') return;
    const shared = readParameters(query);
    if (!shared) return;
    const { prompt, guide, adapterList } = this;
    guide.step = steps.find((step) => step === shared.step) ?? guide.step;
    prompt.text = shared.question;
    prompt.seed = shared.seed;
    prompt.temperature = shared.temperature;
    if (shared.phantom !== undefined) prompt.showPhantom(shared.phantom);
    await adapterList.replace(shared.adapters, (address) => {
      const found = packageUrl(address, this.#page);
      return found.type === 'ok' ? found.url : undefined;
    });
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return { code: error.code, detail: error.detail };
  console.error(error);
  return { code: 'runtime', detail: { reason: error instanceof Error ? error.message : String(error) } };
}
