/** Files of examples: what is read, what is refused and how, and that nothing held out is trained on. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdOut, readExamples, type TrainingExample } from '#core/lora/training/data-file.ts';

const line = (fields: Record<string, unknown>) => JSON.stringify({ question: 'Where?', answer: 'Here.', ...fields });
const five = Array.from({ length: 5 }, () => line({}));

describe('readExamples', () => {
  it('reads texts, paths, rows of images.npy and no image, and ignores other fields and empty lines', () => {
    const lines = [line({ image: 'a.png' }), line({ image: 3, kind: 'where' }), '', line({ image: null }), ...five];
    expect(readExamples(lines.join('\r\n'), 'data.jsonl').slice(0, 3)).toEqual([
      { line: 1, question: 'Where?', answer: 'Here.', image: 'a.png' },
      { line: 2, question: 'Where?', answer: 'Here.', image: 3 },
      { line: 4, question: 'Where?', answer: 'Here.', image: undefined },
    ]);
  });

  it.each([
    ['{"question": "a"', 'data.jsonl, line 6: not JSON'],
    ['[1]', 'data.jsonl, line 6: not an object with "question" and "answer"'],
    ['{"question": "a"}', 'data.jsonl, line 6: "answer" is missing'],
    [line({ answer: ' ' }), 'data.jsonl, line 6: "answer" is " ", expected a text'],
    [line({ question: 7 }), 'data.jsonl, line 6: "question" is 7, expected a text'],
    [line({ image: -1 }), 'data.jsonl, line 6: "image" is -1, expected a path, a row of images.npy, or null'],
  ])('refuses %s by its line', (wrong, message) => {
    expect(() => readExamples([...five, wrong].join('\n'), 'data.jsonl')).toThrow(message);
  });

  it('refuses too few', () => {
    expect(() => readExamples(five.slice(1).join('\n'), 'data.jsonl')).toThrow(
      'data.jsonl has 4 examples; at least 5 are needed',
    );
  });
});

describe('holdOut', () => {
  const examples = fc.array(
    fc.record({
      line: fc.nat(),
      question: fc.constantFrom('a', 'b', 'c'),
      answer: fc.constant('x'),
      image: fc.constantFrom(undefined, 0, 1, 'a.png', '1'),
    }),
    { minLength: 5, maxLength: 30 },
  );

  it('keeps the examples of an image, and equal questions without one, on one side', () => {
    const keyOf = ({ image, question }: TrainingExample) =>
      image === undefined ? question : [typeof image, image].join();
    fc.assert(
      fc.property(examples, fc.double({ min: 0.01, max: 0.9, noNaN: true }), fc.nat(1000), (all, fraction, seed) => {
        const { trained, heldOut } = holdOut(all, fraction, seed);
        const held = new Set(heldOut.map(keyOf));
        expect(trained.length + heldOut.length).toBe(all.length);
        expect(trained.length).toBeGreaterThan(0);
        expect(trained.some((example) => held.has(keyOf(example)))).toBe(false);
        expect(holdOut(all, fraction, seed)).toEqual({ trained, heldOut });
        if (new Set(all.map(keyOf)).size > 1) expect(heldOut.length).toBeGreaterThan(0);
      }),
    );
  });

  it('holds nothing back where nothing is asked for', () => {
    const all = readExamples(five.join('\n'), 'data.jsonl');
    expect(holdOut(all, 0, 0)).toEqual({ trained: all, heldOut: [] });
  });
});
