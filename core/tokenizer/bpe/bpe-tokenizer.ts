import { AddedTokenFinder, type AddedToken } from './added-tokens.ts';
import { BpeModel, type BpeModelParts } from './model.ts';
import { extendParts, type VocabularyExtension } from './extension.ts';
import { decodePieces, type DecoderStep } from './decoder.ts';
import { normalize, type NormalizerStep } from './normalizer.ts';
import { cutsOf, type PreTokenizerSplit } from './pre-tokenizer.ts';
import { TokenBuffer } from '../token-buffer.ts';
import type { MergeStep, Segmentation, TokenKind, Tokenizer } from '../tokenizer.ts';
import { wellFormed } from '../text/well-formed.ts';

/** The components of a tokenizer.json besides the BPE model. */
export interface BpeSettings {
  normalizer: readonly NormalizerStep[];
  /** Applied to each section of text between added tokens, before `split`. */
  preTokenizer: readonly NormalizerStep[];
  split: PreTokenizerSplit | undefined;
  decoder: readonly DecoderStep[] | undefined;
  addedTokens: readonly AddedToken[];
}

/** Gives the same tokens as Hugging Face tokenizers, faster. */
export class BpeTokenizer implements Tokenizer {
  readonly size: number;
  private readonly model: BpeModel;
  private readonly addedById: ReadonlyMap<number, AddedToken>;
  private readonly addedByContent: ReadonlyMap<string, AddedToken>;
  private readonly rawFinder: AddedTokenFinder;
  private readonly normalizedFinder: AddedTokenFinder;
  /** Decoded text of added tokens that are matched in normalized text. */
  private readonly normalizedContents: ReadonlyMap<number, string>;
  private readonly byteIds: ReadonlySet<number>;
  private readonly buffer = new TokenBuffer();

  /** `rankEnd`: rank of the last merge plus 1. Use `readTokenizerJson` or `readCompact` to read a file. */
  constructor(
    private readonly parts: BpeModelParts,
    readonly settings: BpeSettings,
    readonly rankEnd: number,
  ) {
    this.model = new BpeModel(parts);
    const { addedTokens, normalizer } = settings;
    this.addedById = new Map(addedTokens.map((token) => [token.id, token]));
    this.addedByContent = new Map(addedTokens.map((token) => [token.content, token]));
    // If normalization makes two tokens equal, the smaller id is used; Hugging Face tokenizers uses either.
    const ordered = [...addedTokens].sort((one, other) => one.id - other.id);
    const raw = ordered.filter(({ normalized }) => !normalized);
    this.rawFinder = new AddedTokenFinder(raw.map((token) => [token.content, token]));
    const normalized = ordered.filter((token) => token.normalized);
    const patterns = normalized.map((token) => [normalize(token.content, normalizer, true).text, token] as const);
    this.normalizedFinder = new AddedTokenFinder(patterns);
    this.normalizedContents = new Map(patterns.map(([pattern, { id }]) => [id, pattern]));
    this.byteIds = new Set(parts.bytes);
    this.size = addedTokens.reduce((size, { id }) => Math.max(size, id + 1), parts.vocabulary.size);
  }

  get addedTokens(): readonly AddedToken[] {
    return this.settings.addedTokens;
  }

  /** Number of merges. */
  get mergeCount(): number {
    return this.parts.merges.size;
  }

  encode(text: string): Int32Array {
    this.fill(text);
    return this.buffer.ids.slice(0, this.buffer.count);
  }

  segment(text: string): Segmentation {
    this.fill(text);
    const { ids, ends, count } = this.buffer;
    for (let at = 1; at < count; at++) ends[at] = Math.max(ends[at - 1]!, ends[at]!);
    // Characters without a token belong to the next token; at the end of the text, to the last token.
    if (count > 0) ends[count - 1] = text.length;
    return { ids: ids.slice(0, count), ends: ends.slice(0, count) };
  }

  decode(ids: Iterable<number>): string {
    const pieces: string[] = [];
    for (const id of ids) {
      const piece = this.normalizedContents.get(id) ?? this.pieceOf(id);
      if (piece !== undefined) pieces.push(piece);
    }
    return decodePieces(pieces, this.settings.decoder);
  }

  pieceOf(id: number): string | undefined {
    return this.addedById.get(id)?.content ?? this.parts.vocabulary.pieceOf(id);
  }

  idOf(piece: string): number | undefined {
    return this.addedByContent.get(piece)?.id ?? this.parts.vocabulary.idOf(piece);
  }

  kindOf(id: number): TokenKind | undefined {
    if (id === this.parts.unknown) return 'unknown';
    if (this.byteIds.has(id)) return 'byte';
    if (this.addedById.has(id)) return 'added';
    return this.parts.vocabulary.pieceOf(id) === undefined ? undefined : 'piece';
  }

  historyOf(id: number): MergeStep[] {
    return this.model.historyOf(id);
  }

  /**
   * Appends the merges of a pack to this vocabulary. The new token of merge `i` is `left + right`, with id `firstId + i`.
   * Shares the tables of this tokenizer.
   * @throws RangeError if a piece or id already exists or a part is missing
   */
  withMerges(
    merges: readonly (readonly [left: string, right: string, ...rest: unknown[]])[],
    firstId: number,
  ): BpeTokenizer {
    return this.extend({
      pieces: merges.map(([left, right], index) => [left + right, firstId + index]),
      merges: merges.map(([left, right], index) => ({ left, right, rank: this.rankEnd + index })),
    });
  }

  /** Adds tokens and merges to this vocabulary without further restrictions; see VocabularyExtension. */
  extend(extension: VocabularyExtension): BpeTokenizer {
    const { parts, addedTokens, rankEnd } = extendParts(this.parts, this.settings.addedTokens, this.rankEnd, extension);
    return new BpeTokenizer(parts, { ...this.settings, addedTokens }, rankEnd);
  }

  private fill(input: string): void {
    const text = wellFormed(input);
    this.buffer.count = 0;
    let from = 0;
    for (const match of this.rawFinder.find(text)) {
      this.fillNormalized(text, from, match.start);
      this.buffer.push(match.id, match.end);
      from = match.end;
    }
    this.fillNormalized(text, from, text.length);
  }

  /** Encodes text between added tokens: normalizes it and matches the tokens of normalized text. */
  private fillNormalized(whole: string, start: number, end: number): void {
    if (start >= end) return;
    const { text, origins } = normalize(whole.slice(start, end), this.settings.normalizer, start === 0);
    const first = this.buffer.count;
    const atStart = start === 0 && (origins?.[0] ?? 0) === 0;
    let from = 0;
    for (const match of this.normalizedFinder.find(text)) {
      this.fillWords(text.slice(from, match.start), from, atStart);
      this.buffer.push(match.id, match.end);
      from = match.end;
    }
    this.fillWords(from === 0 ? text : text.slice(from), from, atStart);
    const { ends, count } = this.buffer;
    for (let at = first; at < count; at++) ends[at] = start + (origins ? origins[ends[at]!]! : ends[at]!);
    if (count > first) ends[count - 1] = end;
  }

  private fillWords(part: string, offset: number, atStart: boolean): void {
    if (part === '') return;
    const { preTokenizer, split } = this.settings;
    const { text, origins } = normalize(part, preTokenizer, atStart && offset === 0);
    const first = this.buffer.count;
    let from = 0;
    for (const cut of cutsOf(text, split)) {
      this.model.encode(from === 0 && cut === text.length ? text : text.slice(from, cut), from, this.buffer);
      from = cut;
    }
    const { ends, count } = this.buffer;
    if (offset > 0 || origins)
      for (let at = first; at < count; at++) ends[at] = offset + (origins ? origins[ends[at]!]! : ends[at]!);
  }
}
