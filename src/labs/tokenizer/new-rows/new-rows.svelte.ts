import type { Failure } from '#core/failure.ts';
import type { NearestEvent, NewTokenPlace } from '#core/protocol/nearest.ts';
import type { PackToken } from '#core/protocol/vocabulary.ts';
import type { EngineClient } from '../../../workers/engine.svelte.ts';
import type { VocabularyWorker } from '../../../workers/vocabulary-worker.ts';
import { mismatchOf, type Mismatch } from './base-match.ts';
import type { LessonSources } from '../wrong-merges/wrong-merges.svelte.ts';

/** Number of tokens that are offered at once. */
const offered = 12;
const neighbours = 8;
/** Least number of pieces of an offered token. */
const worthwhile = 3;

/** A new token of the pack and its nearest tokens in the open model. */
export class NewRows {
  tokens = $state.raw<readonly PackToken[]>([]);
  /** Failure of loading the tokens. */
  failure = $state.raw<Failure>();
  query = $state('');
  chosen = $state.raw<PackToken>();
  progress = $state.raw<{ done: number; total: number }>();
  found = $state.raw<{ token: PackToken; place: NewTokenPlace; model: string }>();
  searchFailure = $state.raw<Failure>();
  mismatch = $state.raw<Mismatch>();
  stopped = $state(false);

  readonly offers = $derived.by(() => {
    const query = this.query.trim();
    const matches = query
      ? this.tokens.filter(({ piece }) => piece.includes(query))
      : this.tokens.filter(({ subwords }) => subwords.length >= worthwhile);
    return matches.slice(0, offered);
  });
  readonly token = $derived(this.chosen && this.offers.includes(this.chosen) ? this.chosen : this.offers[0]);
  /** Number of different rows if each token were initialized from its first piece. */
  readonly firstPieces = $derived(new Set(this.tokens.map(({ subwords }) => subwords[0]?.id)).size);
  #loading = false;

  constructor(
    private readonly worker: VocabularyWorker,
    private readonly sources: LessonSources,
    private readonly engine: EngineClient,
  ) {}

  async load(): Promise<void> {
    if (this.#loading || this.tokens.length > 0) return;
    this.#loading = true;
    this.failure = undefined;
    const end = await this.worker.start('newTokens', { ...this.sources }).ended;
    if (end.type === 'done') this.tokens = end.tokens;
    if (end.type === 'failed') this.failure = end.failure;
    this.#loading = false;
  }

  /** Tokens of the pack that begin with the same piece as this one. */
  sharingFirst(token: PackToken): number {
    return this.tokens.filter(({ subwords }) => subwords[0]?.id === token.subwords[0]?.id).length;
  }

  /** True if the vocabulary of the open model is large enough for the base's ids: it may be a Gemma 3. */
  get modelIsLarge(): boolean {
    return (this.engine.model?.vocabularySize ?? 0) > (this.tokens[0]?.id ?? Infinity) - 1;
  }

  async search(): Promise<void> {
    const { token, engine, modelIsLarge } = this;
    const model = engine.model;
    if (!token || !model) return;
    this.found = undefined;
    this.searchFailure = undefined;
    this.mismatch = undefined;
    this.stopped = false;
    this.progress = { done: 0, total: 0 };
    // A merged model contains the token itself, so its pieces are given. Any other model splits the text itself.
    const subwords = modelIsLarge ? { subwords: token.subwords.map(({ id }) => id) } : {};
    const request = {
      tokens: [{ text: token.piece.replaceAll('▁', ' '), id: token.id, ...subwords }],
      inits: ['mean', 'first', 'random'] as const,
      count: neighbours,
    };
    await engine.nearestTokens(request, (event) => this.#on(event, token, model.name));
    this.progress = undefined;
  }

  #on(event: NearestEvent, token: PackToken, model: string): void {
    if (event.type === 'progress') this.progress = event;
    else if (event.type === 'stopped') this.stopped = true;
    else if (event.type === 'failed') this.searchFailure = event.failure;
    else {
      const [place] = event.tokens;
      if (!place) return;
      this.mismatch = this.modelIsLarge ? mismatchOf(token, place) : undefined;
      if (!this.mismatch) this.found = { token, place, model };
    }
  }
}
