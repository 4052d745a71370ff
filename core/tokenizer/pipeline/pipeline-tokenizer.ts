import { AddedTokenFinder, type AddedToken } from '../bpe/added-tokens.ts';
import { TokenBuffer } from '../token-buffer.ts';
import type { MergeStep, Segmentation, TokenKind, Tokenizer } from '../tokenizer.ts';
import { wellFormed } from '../text/well-formed.ts';
import type { Vocabulary } from '../vocabulary.ts';
import type { Decode } from './decoders.ts';
import type { Model } from './models.ts';
import type { Normalize } from './normalizers.ts';
import type { PreTokenize } from './pre-tokenizers.ts';
import { sliceSpan, spanOf, type Span } from './span.ts';

/** The parts of a tokenizer.json. */
export interface PipelineParts {
  vocabulary: Vocabulary;
  model: Model;
  /** Id of the unknown token. */
  unknown: number | undefined;
  /** Ids of the byte tokens that the model falls back to. */
  bytes: Iterable<number>;
  addedTokens: readonly AddedToken[];
  normalizers: readonly Normalize[];
  preTokenizers: readonly PreTokenize[];
  /** Without decoders (`undefined`), pieces are joined by spaces. */
  decoders: readonly Decode[] | undefined;
}

/** Gives the same tokens as Hugging Face tokenizers for every kind of model, step by step; `BpeTokenizer` is faster. */
export class PipelineTokenizer implements Tokenizer {
  readonly size: number;
  readonly #parts: PipelineParts;
  readonly #addedById: ReadonlyMap<number, AddedToken>;
  readonly #addedByContent: ReadonlyMap<string, AddedToken>;
  readonly #rawFinder: AddedTokenFinder;
  readonly #normalizedFinder: AddedTokenFinder;
  /** Decoded text of added tokens that are matched in normalized text. */
  readonly #normalizedContents: ReadonlyMap<number, string>;
  readonly #byteIds: ReadonlySet<number>;
  readonly #buffer = new TokenBuffer();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    const { addedTokens, vocabulary } = parts;
    this.#addedById = new Map(addedTokens.map((token) => [token.id, token]));
    this.#addedByContent = new Map(addedTokens.map((token) => [token.content, token]));
    const ordered = [...addedTokens].sort((one, other) => one.id - other.id);
    const raw = ordered.filter(({ normalized }) => !normalized);
    this.#rawFinder = new AddedTokenFinder(raw.map((token) => [token.content, token]));
    const patterns = ordered
      .filter(({ normalized }) => normalized)
      .map((token) => [this.#normalized(spanOf(token.content, 0, token.content.length)).text, token] as const);
    this.#normalizedFinder = new AddedTokenFinder(patterns);
    this.#normalizedContents = new Map(patterns.map(([pattern, { id }]) => [id, pattern]));
    this.#byteIds = new Set(parts.bytes);
    this.size = addedTokens.reduce((size, { id }) => Math.max(size, id + 1), vocabulary.size);
  }

  get addedTokens(): readonly AddedToken[] {
    return this.#parts.addedTokens;
  }

  encode(text: string): Int32Array {
    return this.segment(text).ids;
  }

  segment(input: string): Segmentation {
    const text = wellFormed(input);
    const buffer = this.#buffer;
    buffer.count = 0;
    let from = 0;
    for (const { id, start, end } of this.#rawFinder.find(text)) {
      this.#fillNormalized(text, from, start);
      buffer.push(id, end);
      from = end;
    }
    this.#fillNormalized(text, from, text.length);
    const { count } = buffer;
    const ids = buffer.ids.slice(0, count);
    const ends = buffer.ends.slice(0, count);
    for (let at = 1; at < count; at++) ends[at] = Math.max(ends[at - 1]!, ends[at]!);
    // Characters without a token belong to the next token; at the end of the text, to the last token.
    if (count > 0) ends[count - 1] = text.length;
    return { ids, ends };
  }

  decode(ids: Iterable<number>): string {
    let pieces: string[] = [];
    for (const id of ids) {
      const piece = this.#normalizedContents.get(id) ?? this.pieceOf(id);
      if (piece !== undefined) pieces.push(piece);
    }
    const { decoders } = this.#parts;
    if (!decoders) return pieces.join(' ');
    for (const decode of decoders) pieces = decode(pieces);
    return pieces.join('');
  }

  pieceOf(id: number): string | undefined {
    return this.#addedById.get(id)?.content ?? this.#parts.vocabulary.pieceOf(id);
  }

  idOf(piece: string): number | undefined {
    return this.#addedByContent.get(piece)?.id ?? this.#parts.vocabulary.idOf(piece);
  }

  kindOf(id: number): TokenKind | undefined {
    if (id === this.#parts.unknown) return 'unknown';
    if (this.#byteIds.has(id)) return 'byte';
    if (this.#addedById.has(id)) return 'added';
    return this.#parts.vocabulary.pieceOf(id) === undefined ? undefined : 'piece';
  }

  historyOf(id: number): MergeStep[] {
    return this.#parts.model.historyOf?.(id) ?? [];
  }

  #normalized(span: Span): Span {
    return this.#parts.normalizers.reduce((result, normalize) => normalize(result), span);
  }

  /** Encodes text between added tokens: normalizes it and finds the added tokens of normalized text. */
  #fillNormalized(text: string, start: number, end: number): void {
    if (start >= end) return;
    const span = this.#normalized(spanOf(text, start, end));
    let from = 0;
    for (const match of this.#normalizedFinder.find(span.text)) {
      this.#fillParts(sliceSpan(span, from, match.start));
      this.#buffer.push(match.id, span.origins[match.end]!);
      from = match.end;
    }
    this.#fillParts(sliceSpan(span, from, span.text.length));
  }

  #fillParts(span: Span): void {
    if (span.text === '') return;
    const { preTokenizers, model } = this.#parts;
    const buffer = this.#buffer;
    const parts = preTokenizers.reduce<Span[]>((spans, preTokenize) => preTokenize(spans), [span]);
    for (const { text, origins } of parts) {
      if (text === '') continue;
      const first = buffer.count;
      model.encode(text, 0, buffer);
      for (let at = first; at < buffer.count; at++) buffer.ends[at] = origins[buffer.ends[at]!]!;
    }
  }
}
