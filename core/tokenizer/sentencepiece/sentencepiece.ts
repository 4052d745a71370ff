import { AddedTokenFinder } from '../bpe/added-tokens.ts';
import { BpeModel } from '../bpe/model.ts';
import { byteIds } from '../bpe/parts.ts';
import { malformed, unsupported } from '../format-error.ts';
import { sentencePieceBpe } from './bpe.ts';
import { decodeSentencePiece } from './decode.ts';
import { MODEL_TYPE, PIECE_TYPE, readSentencePieceFile, type SentencePieceFile } from './file.ts';
import { SentencePieceNormalizer } from './normalizer.ts';
import { characterModel, scoredBpe, wordModel, type CutText } from './piece-models.ts';
import { TokenBuffer } from '../token-buffer.ts';
import type { MergeStep, Segmentation, TokenKind, Tokenizer } from '../tokenizer.ts';
import { UnigramModel } from './unigram-model.ts';
import { PieceTable } from '../vocabulary.ts';
import { utf8Of } from '../text/utf8.ts';
import { wellFormed } from '../text/well-formed.ts';

/**
 * Creates a tokenizer from a SentencePiece `.model`. It gives the same tokens as SentencePiece: control pieces in a text are
 * encoded as text.
 *
 * @throws TokenizerFormatError `malformed`, or `unsupported` for denormalization rules and fields that are not known
 */
export function readSentencePiece(bytes: Uint8Array): Tokenizer {
  const file = readSentencePieceFile(bytes);
  if (!Object.values<number>(MODEL_TYPE).includes(file.modelType))
    throw unsupported('model', `model_type ${file.modelType}`, 'only unigram, bpe, word and char are known here.');
  if (file.denormalizerCharsmap.length > 0) throw unsupported('decoder', 'denormalizer_spec', 'is not done here.');
  return new SentencePieceTokenizer(file);
}

const KINDS = new Map<number, TokenKind>([
  [PIECE_TYPE.normal, 'piece'],
  [PIECE_TYPE.unused, 'piece'],
  [PIECE_TYPE.userDefined, 'added'],
  [PIECE_TYPE.control, 'added'],
  [PIECE_TYPE.byte, 'byte'],
  [PIECE_TYPE.unknown, 'unknown'],
]);

class SentencePieceTokenizer implements Tokenizer {
  readonly size: number;
  private readonly vocabulary: PieceTable;
  private readonly normalizer: SentencePieceNormalizer;
  private readonly symbols: AddedTokenFinder;
  private readonly bpe: BpeModel | undefined;
  private readonly unigram: UnigramModel | undefined;
  private readonly cut: CutText | undefined;
  private readonly unknown: number;
  private readonly bytes: Int32Array | undefined;
  private readonly buffer = new TokenBuffer();

  constructor(private readonly file: SentencePieceFile) {
    const { pieces } = file;
    this.size = pieces.length;
    this.vocabulary = PieceTable.of(pieces.map(({ piece }) => piece));
    if (this.vocabulary.idOf('') !== undefined) throw malformed('vocab', 'a piece', 'is empty.');
    const unknown = pieces.findIndex(({ type }) => type === PIECE_TYPE.unknown);
    if (unknown === -1) throw malformed('vocab', 'the unknown piece', 'is missing.');
    const flags = { normalized: true, special: false, lstrip: false, rstrip: false, singleWord: false };
    this.symbols = new AddedTokenFinder(
      pieces.flatMap(({ piece, type }, id) =>
        type === PIECE_TYPE.userDefined ? [[piece, { id, content: piece, ...flags }] as const] : [],
      ),
    );
    this.normalizer = new SentencePieceNormalizer(file, (text, at) => this.symbols.lengthAt(text, at));
    this.unknown = unknown;
    this.bytes = file.byteFallback ? byteIds(this.vocabulary) : undefined;
    if (this.bytes?.includes(-1))
      throw malformed('vocab', 'byte_fallback', 'is on, but some of the 256 bytes are no pieces.');
    if (file.modelType === MODEL_TYPE.unigram) this.unigram = unigramModel(file, this.vocabulary, unknown, this.bytes);
    else {
      const parts = file.modelType === MODEL_TYPE.bpe ? sentencePieceBpe(file, this.vocabulary, unknown) : undefined;
      if (parts) this.bpe = new BpeModel(parts);
      else this.cut = this.cutText();
    }
  }

  encode(text: string): Int32Array {
    return this.segment(text).ids;
  }

  segment(input: string): Segmentation {
    const { text, origins } = this.normalizer.normalize(wellFormed(input));
    const { buffer } = this;
    buffer.count = 0;
    if (this.bpe) this.fillBpe(this.bpe, text);
    else if (this.unigram) this.unigram.encode(text, buffer);
    else this.fillPieces(this.cut?.(text) ?? []);
    const ids = buffer.ids.slice(0, buffer.count);
    const ends = buffer.ends.slice(0, buffer.count).map((end) => origins[end] ?? input.length);
    // Removed trailing white space belongs to the last token.
    if (ends.length > 0) ends[ends.length - 1] = input.length;
    return { ids, ends };
  }

  decode(ids: Iterable<number>): string {
    return decodeSentencePiece(this.file, ids);
  }

  pieceOf(id: number): string | undefined {
    return this.file.pieces[id]?.piece;
  }

  idOf(piece: string): number | undefined {
    return this.vocabulary.idOf(piece);
  }

  kindOf(id: number): TokenKind | undefined {
    const entry = this.file.pieces[id];
    return entry && KINDS.get(entry.type);
  }

  /** Empty for Unigram, which has no merges. */
  historyOf(id: number): MergeStep[] {
    return this.kindOf(id) === 'piece' && this.bpe ? this.bpe.historyOf(id) : [];
  }

  private cutText(): CutText {
    const symbolAt = (text: string, at: number) => this.symbols.lengthAt(text, at);
    if (this.file.modelType === MODEL_TYPE.word) return wordModel;
    if (this.file.modelType === MODEL_TYPE.char) return characterModel(symbolAt);
    const merging: number[] = [PIECE_TYPE.normal, PIECE_TYPE.userDefined, PIECE_TYPE.unused];
    const entryOf = (piece: string) => this.file.pieces[this.vocabulary.idOf(piece) ?? -1];
    const scoreOf = (piece: string) => {
      const entry = entryOf(piece);
      return entry && merging.includes(entry.type) ? entry.score : undefined;
    };
    return scoredBpe({ scoreOf, isUnused: (piece) => entryOf(piece)?.type === PIECE_TYPE.unused }, symbolAt);
  }

  /** Neighbouring unknown pieces are one token, or the bytes of all. */
  private fillPieces(pieces: readonly string[]): void {
    const { buffer, bytes, unknown } = this;
    let end = 0;
    let afterUnknown = false;
    for (const piece of pieces) {
      end += piece.length;
      const id = this.vocabulary.idOf(piece) ?? unknown;
      const isUnknown = id === unknown;
      if (isUnknown && bytes) {
        for (const character of piece)
          for (const byte of utf8Of(character.codePointAt(0) ?? 0)) buffer.push(bytes[byte]!, end);
      } else if (isUnknown && afterUnknown) buffer.ends[buffer.count - 1] = end;
      else buffer.push(id, end);
      afterUnknown = isUnknown;
    }
  }

  private fillBpe(bpe: BpeModel, text: string): void {
    let from = 0;
    for (const { id, start, end } of this.symbols.find(text)) {
      bpe.encode(text.slice(from, start), from, this.buffer);
      this.buffer.push(id, end);
      from = end;
    }
    bpe.encode(text.slice(from), from, this.buffer);
  }
}

function unigramModel(
  file: SentencePieceFile,
  vocabulary: PieceTable,
  unknown: number,
  bytes: Int32Array | undefined,
): UnigramModel {
  const { pieces } = file;
  const looked: number[] = [PIECE_TYPE.normal, PIECE_TYPE.userDefined];
  const normal = pieces.filter(({ type }) => type === PIECE_TYPE.normal).map(({ score }) => score);
  return new UnigramModel({
    vocabulary,
    scores: Float32Array.from(pieces, ({ score, type }) => (looked.includes(type) ? score : NaN)),
    userDefined: Uint8Array.from(pieces, ({ type }) => (type === PIECE_TYPE.userDefined ? 1 : 0)),
    smallest: normal.reduce((least, score) => Math.min(least, score), Infinity),
    largest: normal.reduce((most, score) => Math.max(most, score), -Infinity),
    unknown,
    bytes,
  });
}
