import { malformed, unsupported } from '../format-error.ts';

/** Piece types of sentencepiece_model.proto. */
export const PIECE_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
/** Model types of sentencepiece_model.proto. */
export const MODEL_TYPE = { unigram: 1, bpe: 2, word: 3, char: 4 } as const;

const FIELD_OF_SELF_TESTS = 4;
/** Of sentencepiece 0.2.2. The fields that are not read here only matter to training. */
const LAST_TRAINER_FIELD = 53;

export interface SentencePieceFile {
  pieces: { piece: string; score: number; type: number }[];
  modelType: number;
  byteFallback: boolean;
  treatWhitespaceAsSuffix: boolean;
  /** Decoded text of the unknown token. */
  unknownSurface: string;
  normalizer: SentencePieceNormalization;
  /** Rules applied to the decoded text; empty if there are none. */
  denormalizerCharsmap: Uint8Array;
}

export interface SentencePieceNormalization {
  charsmap: Uint8Array;
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  escapeWhitespaces: boolean;
}

/** Reads a SentencePiece `.model`. @throws TokenizerFormatError for other data */
export function readSentencePieceFile(bytes: Uint8Array): SentencePieceFile {
  const file: SentencePieceFile = {
    pieces: [],
    modelType: MODEL_TYPE.unigram,
    byteFallback: false,
    treatWhitespaceAsSuffix: false,
    unknownSurface: ' \u2047 ',
    normalizer: {
      charsmap: new Uint8Array(),
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
      escapeWhitespaces: true,
    },
    denormalizerCharsmap: new Uint8Array(),
  };
  for (const { field, bytes: message } of fieldsOf(bytes)) {
    if (field === 1) file.pieces.push(readPiece(message));
    else if (field === 2) readTrainer(message, file);
    else if (field === 3) readNormalizer(message, file.normalizer);
    else if (field === 5) {
      for (const rule of fieldsOf(message)) if (rule.field === 2) file.denormalizerCharsmap = rule.bytes;
    } else if (field !== FIELD_OF_SELF_TESTS)
      throw file.pieces.length > 0 ? unknownField('ModelProto', field) : noPieces();
  }
  if (file.pieces.length === 0) throw noPieces();
  return file;
}

function readPiece(bytes: Uint8Array): SentencePieceFile['pieces'][number] {
  const entry = { piece: '', score: 0, type: PIECE_TYPE.normal as number };
  for (const { field, value, bytes: content } of fieldsOf(bytes)) {
    if (field === 1) entry.piece = textOf(content);
    else if (field === 2) entry.score = value;
    else if (field === 3) entry.type = value;
  }
  return entry;
}

function readTrainer(bytes: Uint8Array, file: SentencePieceFile): void {
  for (const { field, value, bytes: content } of fieldsOf(bytes)) {
    if (field === 3) file.modelType = value;
    else if (field === 24) file.treatWhitespaceAsSuffix = value !== 0;
    else if (field === 35) file.byteFallback = value !== 0;
    else if (field === 44) file.unknownSurface = textOf(content);
    else if (field > LAST_TRAINER_FIELD) throw unknownField('trainer_spec', field);
  }
}

function readNormalizer(bytes: Uint8Array, normalizer: SentencePieceNormalization): void {
  for (const { field, value, bytes: content } of fieldsOf(bytes)) {
    if (field === 2) normalizer.charsmap = content;
    else if (field === 3) normalizer.addDummyPrefix = value !== 0;
    else if (field === 4) normalizer.removeExtraWhitespaces = value !== 0;
    else if (field === 5) normalizer.escapeWhitespaces = value !== 0;
    // 1 is the name of the rules and 6 their source; the charsmap holds them.
    else if (field !== 1 && field !== 6) throw unknownField('normalizer_spec', field);
  }
}

/** A model begins with its pieces; bytes of other files may pass for fields. */
function noPieces() {
  return malformed('file', 'the bytes', 'are no SentencePiece model: they hold no pieces.');
}

/** Later versions may add fields that change tokens. */
function unknownField(message: string, field: number) {
  return unsupported('file', `field ${field} of ${message}`, 'this field is not known here.');
}

interface Field {
  field: number;
  /** Set for numbers. */
  value: number;
  /** Set for strings, bytes and messages. */
  bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array();

/** The wire format of protobuf: https://protobuf.dev/programming-guides/encoding. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 63) throw broken();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield { field, value: varint(), bytes: NO_BYTES };
    else {
      const length = wireType === 2 ? varint() : wireType === 5 ? 4 : wireType === 1 ? 8 : NaN;
      if (field === 0 || !(at + length <= bytes.length)) throw broken();
      const value = wireType === 5 ? view.getFloat32(at, true) : 0;
      yield { field, value, bytes: bytes.subarray(at, at + length) };
      at += length;
    }
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    // TextDecoder removes a leading byte order mark, which is a piece of some vocabularies.
    const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? '\uFEFF' : '';
    return mark + new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw broken();
  }
}

function broken() {
  return malformed('file', 'the bytes', 'are no SentencePiece model: they break off or are something else.');
}
