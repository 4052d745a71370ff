import fc from 'fast-check';
import { expect, test } from 'vitest';
import { align } from '#core/tokenizer/text/align.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('bytes one behind the other have their places; those of one character all end behind it', () => {
  const all = bytes('가b🙂');
  const surfaces = [all.slice(0, 2), all.slice(2, 3), all.slice(3, 6), all.slice(6)];
  expect(align('가b🙂', surfaces)).toEqual({ ends: Int32Array.of(1, 1, 4, 4), exact: true });
});

test('any cuts of the bytes of any text are exact and end with it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.array(fc.nat()), (text, cuts) => {
      const all = bytes(text);
      const at = [...new Set([...cuts.map((cut) => cut % all.length), all.length])].sort((a, b) => a - b);
      const { ends, exact } = align(
        text,
        at.map((end, index) => all.slice(at[index - 1] ?? 0, end)),
      );
      expect(exact).toBe(true);
      expect(ends.at(-1)).toBe(text.length);
      expect([...ends]).toEqual([...ends].sort((a, b) => a - b));
    }),
  );
});

test('of an encoder that rewrites, the pieces are looked for', () => {
  const { ends, exact } = align('Él  Vino.', [bytes('el'), bytes('vi'), bytes('no'), undefined]);
  expect(exact).toBe(false);
  expect([...ends]).toEqual([2, 6, 8, 9]);
});
