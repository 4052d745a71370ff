/** The measure by which a device's values are right or wrong. */
import { expect, test } from 'vitest';
import { difference, MOST_DIFFERENCE, sampled, spacedPlaces } from '#core/self-test/compare.ts';
import { testImage } from '#core/self-test/test-image.ts';

const want = [3, -1, 4, 1, -5, 9, 2, -6];

test('equal is 0, a common offset of the right values does not hide, unrelated values are about 1 and more', () => {
  expect(difference(want, want)).toBe(0);
  expect(
    difference(
      want.map((value) => value + 100),
      want.map((value) => value + 100),
    ),
  ).toBe(0);
  expect(
    difference(
      want.map((value) => value * 1.001),
      want,
    ),
  ).toBeLessThan(0.01);
  expect(difference(want.toReversed(), want)).toBeGreaterThan(1);
  expect(
    difference(
      want.map(() => 0),
      want,
    ),
  ).toBeGreaterThan(MOST_DIFFERENCE);
});

test('what is no number, or another length, is never right', () => {
  expect(difference([...want.slice(1), NaN], want)).toBe(Infinity);
  expect(difference([...want.slice(1), Infinity], want)).toBe(Infinity);
  expect(difference(want.slice(1), want)).toBe(Infinity);
  expect(difference([1, 1], [2, 2])).toBe(Infinity);
  expect(difference([2, 2], [2, 2])).toBe(0);
});

test('places are spread over the list, and all of a short one', () => {
  expect(spacedPlaces(3, 5)).toEqual([0, 1, 2]);
  expect(spacedPlaces(100, 4)).toEqual([0, 25, 50, 75]);
  expect(sampled(Float32Array.of(5, 6, 7, 8), 2)).toEqual([5, 7]);
});

test('the test image has another picture in each channel, within the normalised range', () => {
  const pixels = testImage(8);
  const channels = [0, 1, 2].map((channel) => [...pixels.slice(channel * 64, (channel + 1) * 64)]);
  expect(channels[0]).not.toEqual(channels[1]);
  expect(channels[1]).not.toEqual(channels[2]);
  expect(Math.max(...pixels.map(Math.abs))).toBeLessThanOrEqual(1);
  expect(new Set(channels[0]).size).toBeGreaterThan(10);
});
