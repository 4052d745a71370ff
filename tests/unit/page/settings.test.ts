/** The visitor's settings as they are kept: read back, and what cannot be read left out. */
import { afterEach, expect, test, vi } from 'vitest';
import { Settings } from '../../../src/chat/settings.svelte.ts';

afterEach(() => vi.unstubAllGlobals());

function keep(stored: Record<string, string>): Record<string, string> {
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored[key] ?? null,
    setItem: (key: string, value: string) => void (stored[key] = value),
  });
  return stored;
}

test('prompt lookup: auto where nobody chose, kept, reset with what belongs to answers', () => {
  const stored = keep({});
  const settings = new Settings();
  expect(settings.promptLookup).toBe('auto');
  settings.promptLookup = 'off';
  settings.graphCapture = 'on';
  settings.save();
  expect(Object.keys(stored)).toHaveLength(1);
  const again = new Settings();
  expect([again.promptLookup, again.graphCapture]).toEqual(['off', 'on']);
  again.reset();
  expect([again.promptLookup, again.graphCapture]).toEqual(['auto', 'on']);
});

test('an invalid value is not taken', () => {
  const stored = keep({});
  new Settings().save();
  for (const [key, text] of Object.entries(stored))
    stored[key] = JSON.stringify({ ...JSON.parse(text), promptLookup: 'sometimes', temperature: 1 });
  const settings = new Settings();
  expect([settings.promptLookup, settings.temperature]).toEqual(['auto', 1]);
});
