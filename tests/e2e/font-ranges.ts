import type { Locator } from '@playwright/test';

/**
 * Ranges of characters of the faces of an element's first font family. In one of many ranges, a long paragraph takes Chromium a
 * time that grows with the square of its length.
 */
export async function rangesOfFont(element: Locator): Promise<string[]> {
  return await element.evaluate((each) => {
    const bare = (family = '') => family.trim().replaceAll('"', '');
    const first = bare(getComputedStyle(each).fontFamily.split(',')[0]);
    return [...document.fonts].filter(({ family }) => bare(family) === first).map(({ unicodeRange }) => unicodeRange);
  });
}
