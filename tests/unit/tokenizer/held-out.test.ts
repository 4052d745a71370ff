import { expect, test } from 'vitest';
import fc from 'fast-check';
import { holdOut, sentencesOf } from '#core/tokenizer/korean/held-out.ts';

test('a text is cut at lines and behind the end of a sentence', () => {
  expect(sentencesOf('첫 문장입니다. 둘째 문장입니다!\r\n\n  셋째 줄 \n"넷째." 다섯째? 3.5는 하나')).toEqual([
    '첫 문장입니다.',
    '둘째 문장입니다!',
    '셋째 줄',
    '"넷째."',
    '다섯째?',
    '3.5는 하나',
  ]);
});

test('every tenth different sentence is held out', () => {
  const sentences = Array.from({ length: 25 }, (_, index) => `문장 ${index}`);
  const { train, heldOut } = holdOut(sentences, 10);
  expect(heldOut).toEqual(['문장 9', '문장 19']);
  expect(train).toHaveLength(23);
});

test('no held-out sentence is in the training text, however often it is repeated', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('가', '나', '다', '라', '마', '바')),
      fc.integer({ min: 2, max: 4 }),
      (all, every) => {
        const { train, heldOut } = holdOut(all, every);
        expect(train.filter((sentence) => heldOut.includes(sentence))).toEqual([]);
        expect(heldOut).toHaveLength(Math.floor(new Set(all).size / every));
        expect(new Set([...train, ...heldOut])).toEqual(new Set(all));
      },
    ),
  );
});
