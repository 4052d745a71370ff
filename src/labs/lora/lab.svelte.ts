import type { Gemma3Config } from '#core/gemma3/config.ts';
import { parseConfig } from '#core/gemma3/config.ts';
import type { ModelInfo, PackageSource } from '#core/protocol/engine.ts';
import { plainest } from '#core/phantoms/suggestions.ts';
import { Announcer } from '../../platform/announcer.svelte.ts';
import { locale, t } from '../../platform/locale.svelte.ts';
import { packageUrl } from '../../platform/package-url.ts';
import { place, type Address } from '../../platform/place.svelte.ts';
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
import { WeightNorms } from './weight-norms.svelte.ts';

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
  /** What lies beside the page was looked up. */
  lookedUp = $state(false);
  /** Of the open package; undefined where it cannot be read. */
  config = $state.raw<Gemma3Config>();
  readonly busy = $derived.by(() => this.comparison.running || this.sweep.running || this.live.running);
  readonly #page: string;
  #started = false;
  #model: ModelInfo | undefined;

  /** @param page address of the page; models and adapters lie beside it */
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

  /** An answer of the chat is being written: the engine does one thing at a time. */
  get chatAnswers(): boolean {
    return this.session.conversation.last?.answer.running === true;
  }

  /** A question can be put now. */
  get ready(): boolean {
    const { engine } = this.session;
    return engine.model !== undefined && !this.busy && !this.chatAnswers && this.adapterList.progress === undefined;
  }

  /** At the first visit. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void readShipped(new URL('models/', this.#page).href).then((shipped) => {
      this.shipped = shipped;
      this.lookedUp = true;
    });
    place.onArrival((address) => void this.#arrive(address));
  }

  /** Called whenever the open model is another. */
  async follow(model: ModelInfo | undefined): Promise<void> {
    if (this.#model === model) return;
    this.#model = model;
    this.config = undefined;
    this.comparison.clear();
    this.sweep.clear();
    this.live.clear();
    this.inside.norms.forget();
    const { source } = this.session.engine;
    if (model && source) {
      const config = await readConfig(source);
      if (this.#model === model) this.config = config;
    }
    if (model?.teaches === 'phantoms' && this.prompt.empty) {
      this.prompt.text = plainest({ kind: 'patient-where' }, locale.current);
      if (!this.prompt.image) this.prompt.drawPhantom(({ lesions }) => lesions.length === 1);
    }
    await this.adapterList.follow();
  }

  /** Ends what this lab has running. */
  async stop(): Promise<void> {
    if (this.busy) await this.session.engine.stop();
  }

  /** Resolves when adapters can be changed: the lab's own jobs are stopped, an answer of the chat is waited for. */
  async #free(): Promise<void> {
    await this.stop();
    await this.session.conversation.answered;
  }

  async compare(): Promise<void> {
    await this.#when(() => this.comparison.run());
    this.#announce();
  }

  async sweepStrengths(): Promise<void> {
    await this.#when(() => this.sweep.run());
  }

  async answerLive(): Promise<void> {
    await this.#when(() => this.live.run());
    if (this.live.state === 'done') this.announcer.say(t('lora.live.announce', { answer: this.live.text.trim() }));
  }

  /** Files that were dropped on the page or picked. */
  async addFiles(files: readonly File[]): Promise<void> {
    await this.adapterList.addFiles(files);
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

  async #when(run: () => Promise<void>): Promise<void> {
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

  async #arrive({ lab, query }: Address): Promise<void> {
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

/** Shapes of the open package; undefined where config.json cannot be had or read. */
async function readConfig(source: PackageSource): Promise<Gemma3Config | undefined> {
  try {
    if (source.type === 'url') return parseConfig(await (await fetch(`${source.url}config.json`)).json());
    const file = source.files.find(({ path }) => path === 'config.json');
    return file && parseConfig(JSON.parse(new TextDecoder().decode(await file.blob.arrayBuffer())));
  } catch {
    return undefined;
  }
}
