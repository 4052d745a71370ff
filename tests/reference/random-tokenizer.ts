import fc from 'fast-check';

const LETTERS = ['a', 'b', 'c', '▁', 'ㅋ', '가', '😀', '\n'];
const SPACES = { String: ' ' };

const SHORTER = { type: 'Replace', pattern: { String: 'ab' }, content: 'c' };
const LONGER = { type: 'Replace', pattern: { String: 'c' }, content: 'aab' };

const NORMALIZERS = [
  null,
  { type: 'Replace', pattern: SPACES, content: '▁' },
  { type: 'Prepend', prepend: '▁' },
  {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: SPACES, content: '▁' },
    ],
  },
  SHORTER,
  LONGER,
];

const PRE_TOKENIZERS = [
  null,
  ...['MergedWithPrevious', 'MergedWithNext', 'Isolated'].flatMap((behavior) => [
    { type: 'Split', pattern: SPACES, behavior, invert: false },
    { type: 'Split', pattern: { String: 'a' }, behavior, invert: false },
  ]),
  ...['always', 'first', 'never'].flatMap((prepend_scheme) =>
    [true, false].map((split) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split })),
  ),
];

const DECODERS = [
  null,
  {
    type: 'Sequence',
    decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }],
  },
  {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
];

const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/**
 * Small tokenizer.json files with every option that is read, sensible together or not. Metaspace's "first" stands only
 * beside normalizers that do not shorten or lengthen words (see core/tokenizer/bpe/normalizer.ts).
 */
export const randomTokenizer = fc
  .record({
    letters: fc.subarray(LETTERS, { minLength: 1 }),
    bytes: fc.constantFrom<'none' | 'some' | 'all'>('none', 'some', 'all', 'all'),
    unknown: fc.boolean(),
    merges: fc.array(fc.record({ left: fc.nat(), right: fc.nat(), rank: fc.nat() }), { maxLength: 30 }),
    strings: fc.boolean(),
    flags: fc.record({ fuse_unk: fc.boolean(), byte_fallback: fc.boolean(), ignore_merges: fc.boolean() }),
    normalizer: fc.constantFrom(...NORMALIZERS),
    pre_tokenizer: fc.constantFrom(...PRE_TOKENIZERS),
    decoder: fc.constantFrom(...DECODERS),
    added: fc.array(
      fc.record({
        content: fc.oneof(
          fc.constantFrom('ab', 'a', '▁', '▁▁', ' ', '\n', '<x>', 'a b', '가가', '😀', 'aab'),
          fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }),
        ),
        special: fc.boolean(),
        normalized: fc.boolean(),
        lstrip: fc.boolean(),
        rstrip: fc.boolean(),
        single_word: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
  })
  .filter(
    ({ normalizer, pre_tokenizer }) =>
      !((normalizer === SHORTER || normalizer === LONGER) && JSON.stringify(pre_tokenizer).includes('first')),
  )
  .map(({ letters, bytes, unknown, merges, strings, flags, added, ...rest }) => {
    const pieces = unknown ? ['<unk>'] : [];
    if (bytes !== 'none') pieces.push(...(bytes === 'all' ? BYTES : BYTES.slice(0x80, 0x90)));
    const first = pieces.length;
    pieces.push(...letters);
    const pairs: { pair: [string, string]; rank: number }[] = [];
    for (const { left, right, rank } of merges) {
      // Mostly letters, now and then bytes and unknowns.
      const pick = (at: number) =>
        pieces[at % 7 === 0 ? at % pieces.length : first + (at % (pieces.length - first))] ?? '';
      const pair: [string, string] = [pick(left), pick(right)];
      const made = pair.join('');
      if (made.length > 40 || pairs.some((other) => other.pair.join('\0') === pair.join('\0'))) continue;
      if (!pieces.includes(made)) pieces.push(made);
      pairs.push({ pair, rank });
    }
    pairs.sort((a, b) => a.rank - b.rank);
    const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
    let free = pieces.length;
    const seen = new Set<string>();
    const added_tokens = added
      .filter(({ content }) => !seen.has(content) && seen.add(content))
      // Normalization could make two of them equal, and then it is left open which one is found.
      .filter(
        ({ normalized }, at, all) =>
          !normalized || !rest.normalizer || all.findIndex((token) => token.normalized) === at,
      )
      .map((token) => ({ id: vocab[token.content] ?? free++, ...token }));
    const model = {
      type: 'BPE',
      dropout: null,
      unk_token: unknown ? '<unk>' : null,
      ...flags,
      vocab,
      merges: pairs.map(({ pair }) => (strings && !pair.some((piece) => piece.includes(' ')) ? pair.join(' ') : pair)),
    };
    return { version: '1.0', truncation: null, padding: null, added_tokens, ...rest, post_processor: null, model };
  });

/** Texts for them: mostly their letters. */
export const letterText = fc.string({
  unit: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...LETTERS, ' ') },
    fc.constantFrom('x', 'é', '힣', '𓀀', '<x>', '  '),
  ),
  maxLength: 30,
});
