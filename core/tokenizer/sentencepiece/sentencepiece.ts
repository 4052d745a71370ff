import { AddedTokenFinder } from '../bpe/added-tokens.ts';
import { BpeModel } from '../bpe/model.ts';
import { byteIds } from '../bpe/parts.ts';
import { malformed, unsupported } from '../format-error.ts';
import { sentencePieceBpe } from './bpe.ts';
import { decodeSentencePiece } from './decode.ts';
import { MODEL_TYPE, PIECE_TYPE, readSentencePieceFile, type SentencePieceFile } from './file.ts';
import { SentencePieceNormalizer } from './normalizer.ts';
import { TokenBuffer } from '../token-buffer.ts';
import type { MergeStep, Segmentation, TokenKind, Tokenizer } from '../tokenizer.ts';
import { UnigramModel } from './unigram-model.ts';
import { PieceTable } from '../vocabulary.ts';
import { wellFormed } from '../text/well-formed.ts';

/**
 * Creates a tokenizer from a SentencePiece `.model`, BPE or Unigram. It gives the same tokens as SentencePiece: control
 * pieces in a text are encoded as text.
 *
 * @throws TokenizerFormatError `malformed`, or `unsupported` for word and character models, denormalization rules, and BPE with
 *   unused pieces
 */
export function readSentencePiece(bytes: Uint8Array): Tokenizer {
  const file = readSentencePieceFile(bytes);
  const { modelType } = file;
  if (modelType !== MODEL_TYPE.bpe && modelType !== MODEL_TYPE.unigram) {
    const name = modelType === MODEL_TYPE.word ? 'word' : modelType === MODEL_TYPE.char ? 'char' : String(modelType);
    throw unsupported('model', `model type "${name}"`, 'only BPE and Unigram are encoded here.');
  }
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
    if (file.modelType === MODEL_TYPE.bpe) this.bpe = new BpeModel(sentencePieceBpe(file, this.vocabulary, unknown));
    else this.unigram = unigramModel(file, this.vocabulary, unknown);
  }

  encode(text: string): Int32Array {
    return this.segment(text).ids;
  }

  segment(input: string): Segmentation {
    const { text, origins } = this.normalizer.normalize(wellFormed(input));
    const { buffer } = this;
    buffer.count = 0;
    if (this.bpe) this.fillBpe(this.bpe, text);
    else this.unigram?.encode(text, buffer);
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

function unigramModel(file: SentencePieceFile, vocabulary: PieceTable, unknown: number): UnigramModel {
  const { pieces, byteFallback } = file;
  const looked: number[] = [PIECE_TYPE.normal, PIECE_TYPE.userDefined];
  const normal = pieces.filter(({ type }) => type === PIECE_TYPE.normal).map(({ score }) => score);
  const bytes = byteFallback ? byteIds(vocabulary) : undefined;
  if (bytes?.includes(-1)) throw malformed('vocab', 'byte_fallback', 'is on, but some of the 256 bytes are no pieces.');
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
