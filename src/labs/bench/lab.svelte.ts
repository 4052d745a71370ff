import { FailureError, type Failure } from '#core/failure.ts';
import type { ModelInfo, PackageSource } from '#core/protocol/engine.ts';
import type { PackageFacts } from '#core/protocol/bench.ts';
import { MAX_RUN_CARD_BYTES, readRunCard, type RunCard } from '#core/run-card/run-card.ts';
import { drawnPhantom } from '../../chat/phantoms.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { keepLastCard } from '../../chat/last-card.ts';
import { withToken } from '../../platform/access-tokens.svelte.ts';
import { Announcer } from '../../platform/announcer.svelte.ts';
import { t } from '../../platform/locale.svelte.ts';
import { place, readHash, type Address } from '../../platform/place.svelte.ts';
import { BenchWorker } from '../../workers/bench-workers.ts';
import { nameOf } from '../../workers/opening.ts';
import { cardOfLink } from './card-link.ts';
import { cardOf, type Measured } from './card-of.ts';
import { compare, stepsOf, type MeasuredRound, type Step } from './comparison.ts';
import { enginesFor } from './engines.ts';
import { fitting, planOf, PRESETS, type Plan } from './plan.ts';
import { TimeLeft } from './time-left.ts';

export interface Progress {
  step: Step | undefined;
  done: number;
  total: number;
  millisecondsLeft: number | undefined;
}

/** A card and where it is from. */
export interface ShownCard {
  card: RunCard;
  from: 'this-run' | 'link' | 'file';
}

/** Everything the bench lab holds. */
export class BenchLab {
  /** The length that was chosen here; an address may ask for one of its own. */
  plan = $state.raw<Plan>(PRESETS.quick);
  running = $state(false);
  progress = $state.raw<Progress>();
  /** Of the comparison. */
  failure = $state.raw<Failure>();
  stopped = $state(false);
  /** True if a model was opened in the chat during the run, which ended it. */
  disturbed = $state(false);
  own = $state.raw<RunCard>();
  brought = $state.raw<ShownCard>();
  /** Of a link or file. */
  cardFailure = $state.raw<Failure>();
  /** Names of the address's parameters that cannot be read. */
  broken = $state.raw<readonly string[]>([]);
  readonly announcer = new Announcer();
  /** What is shown: a card that was brought, until a run of this machine begins. */
  readonly shown = $derived<ShownCard | undefined>(
    this.brought ?? (this.own ? { card: this.own, from: 'this-run' } : undefined),
  );
  #abort: AbortController | undefined;
  #started = false;

  constructor(readonly session: Session) {}

  /** Called at the first visit. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    place.onArrival((address) => void this.#applyAddress(address));
  }

  /** The package that would be compared: the one of the chat. */
  get source(): PackageSource {
    return this.session.engine.source ?? this.session.defaultSource;
  }

  get modelName(): string {
    const { engine, defaultSource } = this.session;
    if (engine.model) return engine.model.name;
    return this.source === defaultSource ? t('open.default') : nameOf(this.source);
  }

  /** Reads the first JSON file among dropped files as a card. */
  async addFiles(files: readonly File[]): Promise<void> {
    const file = files.find(({ name }) => /\.json$/iu.test(name)) ?? files[0];
    if (!file) return;
    this.cardFailure = undefined;
    try {
      const { name, size } = file;
      const head = new Uint8Array(await file.slice(0, MAX_RUN_CARD_BYTES).arrayBuffer());
      if (size > MAX_RUN_CARD_BYTES)
        throw new FailureError('too-large', { file: name, bytes: size, limit: MAX_RUN_CARD_BYTES });
      this.#bring(readRunCard(head, name), 'file');
    } catch (error) {
      this.cardFailure = failureOf(error);
    }
  }

  /** Opens a link to a card, also one of this page at another address. */
  async addLink(address: string): Promise<void> {
    const packed = URL.canParse(address) ? readHash(new URL(address).hash).query.get('card') : null;
    if (packed !== null) await this.#openPacked(packed);
    else this.cardFailure = { code: 'file-broken', detail: { file: address, reason: 'not a link to a run card' } };
  }

  /** Removes the card that was brought. */
  putAway(): void {
    this.brought = undefined;
    this.cardFailure = undefined;
  }

  /** Ends the run at once; finished rounds are kept. */
  stop(): void {
    this.#abort?.abort();
  }

  async run(): Promise<void> {
    if (this.running) return;
    const { session, source } = this;
    const { engine } = session;
    const wasOpen = engine.model !== undefined || engine.opening !== undefined;
    this.running = true;
    session.measuring = true;
    this.failure = undefined;
    this.stopped = false;
    this.disturbed = false;
    this.own = undefined;
    this.putAway();
    this.progress = { step: undefined, done: 0, total: 0, millisecondsLeft: undefined };
    const abort = (this.#abort = new AbortController());
    this.announcer.say(t('bench.say.started'));
    // Two engines need the memory one after the other, and an answer of the chat would take time from both.
    await engine.cancelOpen();
    await engine.stop();
    engine.end();
    const watch = setInterval(() => {
      if (!engine.model && !engine.opening) return;
      this.disturbed = true;
      abort.abort();
    }, 250);
    try {
      await this.#measure(withToken(source), abort.signal);
      this.announcer.say(t('bench.say.done'));
    } catch (error) {
      if (abort.signal.aborted) {
        this.stopped = true;
        this.announcer.say(t('bench.say.stopped'));
      } else this.failure = failureOf(error);
    } finally {
      clearInterval(watch);
      this.running = false;
      session.measuring = false;
      this.progress = undefined;
      this.#abort = undefined;
      if (wasOpen && !engine.model && !engine.opening) void session.open(source);
    }
  }

  async #measure(source: PackageSource, signal: AbortSignal): Promise<void> {
    const { settings } = this.session;
    const beside = new BenchWorker();
    const onAbort = () => beside.end();
    signal.addEventListener('abort', onAbort, { once: true });
    let facts: PackageFacts;
    let bandwidth: Measured['bandwidth'];
    try {
      ({ facts } = await beside.ask('describe', source));
      if (settings.provider !== 'wasm') ({ bandwidth } = await beside.ask('bandwidth', undefined));
    } finally {
      beside.end();
    }
    signal.throwIfAborted();
    const plan = fitting(this.plan, facts.maxPositions);
    const engines = enginesFor(source, settings.provider);
    const left = new TimeLeft();
    const rounds: MeasuredRound[] = [];
    const failures = new Map<string, string>();
    let model: ModelInfo | undefined;
    let coming = stepsOf(engines, plan, facts.hasVision);
    let total = coming.length;
    let last: { step: Step; begin: number } | undefined;
    const advance = (step: Step | undefined) => {
      const now = performance.now();
      if (last) left.done(last.step, now - last.begin);
      last = step && { step, begin: now };
      this.progress = { step, done: total - coming.length, total, millisecondsLeft: left.estimate(coming) };
    };
    let names = engines.map(({ engine }) => engine);
    const leave = (engine: string) => {
      const before = coming.length;
      coming = coming.filter((step) => step.engine !== engine);
      return before - coming.length;
    };
    const show = () => {
      if (!model) return;
      this.own = cardOf({ plan, facts, model, bandwidth, engines: names, rounds, failures }, new Date());
      keepLastCard(this.own);
    };
    await compare({
      engines,
      plan,
      imageQuestion: facts.hasVision ? imageQuestion() : undefined,
      signal,
      onModel: (opened) => (model = opened),
      onStep: (step) => {
        coming = coming.slice(coming.findIndex((next) => isSame(next, step)));
        advance(step);
      },
      onRound: (round) => {
        rounds.push(round);
        show();
      },
      onLeftOut: (engine) => {
        total -= leave(engine);
        names = names.filter((name) => name !== engine);
        show();
      },
      onFailure: (engine, error) => {
        last = undefined;
        leave(engine);
        failures.set(engine, reasonOf(error));
        show();
      },
    });
  }

  async #applyAddress({ lab, query }: Address): Promise<void> {
    if (lab !== 'bench' || query.size === 0) return;
    const { plan, broken } = planOf(query);
    this.broken = broken;
    if (plan) this.plan = plan;
    const packed = query.get('card');
    if (packed !== null) await this.#openPacked(packed);
  }

  async #openPacked(packed: string): Promise<void> {
    this.cardFailure = undefined;
    try {
      this.#bring(await cardOfLink(packed), 'link');
    } catch (error) {
      this.brought = undefined;
      this.cardFailure = failureOf(error);
    }
  }

  #bring(card: RunCard, from: 'link' | 'file'): void {
    this.brought = { card, from };
    this.announcer.say(t('bench.say.brought', { name: card.model.name }));
  }
}

function isSame(a: Step, b: Step): boolean {
  return a.engine === b.engine && a.round === b.round && a.name === b.name && a.contextTokens === b.contextTokens;
}

/** The same phantom for everybody, so that cards can be compared. */
function imageQuestion() {
  const { file, number } = drawnPhantom(0, 1);
  const image = { type: 'image' as const, name: `phantom-${number}.png`, image: file };
  return [{ role: 'user' as const, content: [image, { type: 'text' as const, text: '이 영상에 무엇이 보입니까?' }] }];
}

function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  return { code: 'runtime', detail: { reason: reasonOf(error) } };
}

/** One line for the card. */
function reasonOf(error: unknown): string {
  if (error instanceof FailureError) {
    const { reason, ...detail } = error.detail;
    return [error.code, ...Object.values(detail), reason]
      .filter((part) => part !== undefined && part !== '')
      .join(': ');
  }
  return error instanceof Error ? error.message : String(error);
}
