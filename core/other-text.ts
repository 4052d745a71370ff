/** What a file is, if it is not what was asked for. Messages say what to do. */
export type OtherFile =
  /** The three lines that Git LFS keeps in place of a large file. */
  | 'lfsPointer'
  /** A web page, such as one that asks to log in. */
  | 'webPage'
  /** A server's answer: the repository needs a login or an agreement. */
  | 'gatedAnswer'
  /** A server's answer: an error. */
  | 'errorAnswer'
  /** Pieces and ids without the rest: GPT-2's vocab.json, beside merges.txt. */
  | 'vocabJson'
  | 'mergesTxt'
  /** A piece a line: BERT's vocab.txt. */
  | 'vocabTxt'
  /** A list that SentencePiece writes beside the model. */
  | 'sentencepieceVocab'
  /** OpenAI's: base64 and rank a line. */
  | 'tiktoken'
  /** Mistral's tekken.json. */
  | 'tekken'
  | 'tokenizerConfig'
  | 'specialTokensMap'
  | 'modelConfig'
  | 'weights'
  | 'archive';

/** What a text is that comes in place of any file: a pointer to it, or a page about it. */
export function otherTextOf(text: string): OtherFile | undefined {
  const start = text.slice(0, 512).trimStart();
  if (start.startsWith('version https://git-lfs.github.com/spec/')) return 'lfsPointer';
  if (/^(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|\?xml)/is.test(start)) return 'webPage';
  return undefined;
}
