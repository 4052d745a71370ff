import { describe, expect, it } from 'vitest';
import { withParticle } from '#core/phantoms/korean.ts';

describe('withParticle', () => {
  it.each([
    ['병변', '병변은', '병변이', '병변을', '병변과', '병변으로', '병변이에요'],
    ['위', '위는', '위가', '위를', '위와', '위로', '위예요'],
    ['왼쪽 아래', '왼쪽 아래는', '왼쪽 아래가', '왼쪽 아래를', '왼쪽 아래와', '왼쪽 아래로', '왼쪽 아래예요'],
    ['길', '길은', '길이', '길을', '길과', '길로', '길이에요'],
    // A double final consonant that contains ㄹ is not ㄹ.
    ['흙', '흙은', '흙이', '흙을', '흙과', '흙으로', '흙이에요'],
    ['가', '가는', '가가', '가를', '가와', '가로', '가예요'],
    ['힣', '힣은', '힣이', '힣을', '힣과', '힣으로', '힣이에요'],
    ['3', '3은', '3이', '3을', '3과', '3으로', '3이에요'],
    ['2', '2는', '2가', '2를', '2와', '2로', '2예요'],
    ['8', '8은', '8이', '8을', '8과', '8로', '8이에요'],
    ['10', '10은', '10이', '10을', '10과', '10으로', '10이에요'],
  ])('%s', (word, ...expected) => {
    const particles = ['은/는', '이/가', '을/를', '과/와', '으로/로', '이에요/예요'] as const;
    expect(particles.map((particle) => withParticle(word, particle))).toEqual(expected);
  });

  it.each(['', 'MRI', '병변.', 'ㄱ'])('refuses %j, of which the reading is not known', (word) => {
    expect(() => withParticle(word, '은/는')).toThrow(RangeError);
  });
});
