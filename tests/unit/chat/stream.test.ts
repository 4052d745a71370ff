import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextStream } from '../../../workers/engine/chat/stream.ts';
import { standInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { loadStandIn } from './packages.ts';

const { tokenizer } = await loadStandIn();
const files = standInTokenizer();
const library = new Library(files.tokenizer, files.config);
const decodedByLibrary = (tokens: number[]) =>
  // The library throws for an empty list.
  tokens.length === 0
    ? ''
    : library.decode(tokens, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
const bytes = (text: string) =>
  Array.from(new TextEncoder().encode(text), (byte) => {
    const id = tokenizer.idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) throw new Error(`no token for byte ${byte}`);
    return id;
  });
const ids = (text: string) => tokenizer.encode(text, { special: true });

/** Deltas after each token, and what the end released. */
function stream(tokens: readonly number[]) {
  const text = new TextStream(tokenizer);
  const steps = tokens.map((id) => text.push(id));
  return { steps, last: text.end() };
}

const textOf = (tokens: readonly number[], thought = false) => {
  const { steps, last } = stream(tokens);
  return [...steps.flat(), ...last]
    .filter((delta) => delta.thought === thought)
    .map((delta) => delta.text)
    .join('');
};

describe('TextStream', () => {
  it('holds a Hangul syllable back until its last byte', () => {
    const { steps } = stream(bytes('힣a👩'));
    expect(steps.map((deltas) => deltas.map((delta) => delta.text).join(''))).toEqual([
      '',
      '',
      '힣',
      'a',
      '',
      '',
      '',
      '👩',
    ]);
  });

  it('shows bytes that never become a character as U+FFFD, and what comes after them', () => {
    expect(textOf([...bytes('힣').slice(0, 2), ...ids('환자')])).toBe('\uFFFD환자');
    const { steps, last } = stream(bytes('힣').slice(0, 2));
    expect(steps.flat()).toEqual([]);
    expect(last).toEqual([{ text: '\uFFFD', thought: false }]);
  });

  it('hides special tokens', () => {
    expect(textOf(ids('<bos>환자 the<end_of_turn><image_soft_token>'))).toBe('환자 the');
  });

  it('tells thought from answer', () => {
    const tokens = ids('<unused94>thought\n폐렴?<unused95>정상 소견입니다.');
    expect(textOf(tokens, true)).toBe('폐렴?');
    expect(textOf(tokens)).toBe('정상 소견입니다.');
    expect(textOf(ids('<unused94>no heading<unused95>a'), true)).toBe('no heading');
    expect(textOf(ids('<unused94>though'), true)).toBe('though');
    expect(textOf(ids('<unused94>thought'), true)).toBe('');
    // The marks steer; bytes before them belong to what came before.
    expect(stream([...bytes('힣').slice(0, 1), ...ids('<unused94>')]).steps.flat()).toEqual([
      { text: '\uFFFD', thought: false },
    ]);
  });

  it('adds up to what the library decodes at once, never half a character', () => {
    const hidden = new Set(tokenizer.controlTokens.map((token) => tokenizer.idOf(token)));
    const id = fc.integer({ min: 0, max: 511 }).filter((id) => !hidden.has(id));
    const character = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).map(bytes);
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            id.map((one) => [one]),
            character,
          ),
          { maxLength: 40 },
        ),
        (runs) => {
          const tokens = runs.flat();
          // The library drops a byte order mark at the start of a run of bytes.
          const clean = (text: string) => text.replaceAll('\uFEFF', '');
          expect(clean(textOf(tokens))).toBe(clean(decodedByLibrary(tokens)));
          for (const delta of stream(tokens).steps.flat()) expect(delta.text).not.toMatch(/\p{Surrogate}/u);
        },
      ),
      { numRuns: 500 },
    );
  });
});
