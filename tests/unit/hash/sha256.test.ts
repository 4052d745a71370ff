import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sha256, sha256Of } from '#core/hash/sha256.ts';

test('hashes as Node does, whatever the pieces', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, (parts) => {
      const [own, node] = [new Sha256(), createHash('sha256')];
      for (const part of parts) {
        own.update(part);
        node.update(part);
        // A hash of the bytes so far does not end it.
        expect(own.hex()).toBe(node.copy().digest('hex'));
      }
    }),
  );
});

test('every length around a block', () => {
  for (let length = 0; length <= 130; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 37) & 255);
    expect(sha256Of(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});
