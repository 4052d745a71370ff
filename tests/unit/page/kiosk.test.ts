import { afterEach, describe, expect, test, vi } from 'vitest';
import { keepLastCard, lastCard } from '../../../src/chat/last-card.ts';
import { isBrowserKey, publicAddress, readKiosk, withoutKiosk } from '../../../src/platform/kiosk.ts';
import { exampleCard } from '../run-card/example-card.ts';

test.each([
  ['?kiosk', 90],
  ['?kiosk=120&lang=en', 120],
  ['?kiosk=yes', 90],
  ['?kiosk=1', 10],
  ['?kiosk=999999', 3600],
])('%s begins again after %i seconds', (search, idleSeconds) => expect(readKiosk(search)).toEqual({ idleSeconds }));

test.each(['', '?lang=ko', '?kiosk=0', '?kiosk=false'])('"%s" is no kiosk', (search) =>
  expect(readKiosk(search)).toBeUndefined(),
);

test('who leaves keeps the rest of the address', () => {
  expect(withoutKiosk('https://page.test/lab/?kiosk=60&lang=en#/chat')).toBe('https://page.test/lab/?lang=en#/chat');
});

describe('keys', () => {
  const pressed = (text: string) => {
    const held = (name: string) => text.split('+').includes(name);
    const modifiers = { ctrlKey: held('Ctrl'), metaKey: held('Cmd'), altKey: held('Alt'), isAltGraph: held('AltGr') };
    return isBrowserKey({ code: text.split('+').at(-1) ?? '', ...modifiers });
  };

  test.each([
    'Ctrl+KeyP',
    'Cmd+KeyS',
    'Ctrl+KeyO',
    'Ctrl+Minus',
    'Ctrl+Alt+KeyI',
    'Alt+ArrowLeft',
    'Alt+Home',
    'F1',
    'F12',
  ])('%s is kept from the browser', (key) => expect(pressed(key)).toBe(true));

  test.each([
    'KeyP',
    'Ctrl+KeyV',
    'Cmd+ArrowLeft',
    'Ctrl+Backspace',
    'Ctrl+ControlLeft',
    'Tab',
    'Alt+KeyA',
    'AltGr+Ctrl+Alt+KeyQ',
    'F5',
  ])('%s is left alone', (key) => expect(pressed(key)).toBe(false));
});

describe('the address for other devices', () => {
  test.each([
    ['of the build', 'https://lab.test/', 'http://localhost:4173/?kiosk', 'https://lab.test/'],
    ['of the page, without what is the kiosk’s', undefined, 'https://a.test/lab/?kiosk#/chat', 'https://a.test/lab/'],
    ['none for a machine of its own', undefined, 'http://localhost:4173/?kiosk', undefined],
    ['none for its number', '', 'http://127.0.0.1:4173/', undefined],
    ['none for IPv6', undefined, 'http://[::1]:4173/', undefined],
  ])('%s', (_, given, page, expected) => expect(publicAddress(given, page)).toBe(expected));
});

describe('the last run card', () => {
  afterEach(() => vi.unstubAllGlobals());

  function storage(): Map<string, string> {
    const kept = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    });
    return kept;
  }

  test('is read as it was kept', () => {
    storage();
    expect(lastCard()).toBeUndefined();
    keepLastCard(exampleCard());
    expect(lastCard()).toEqual(exampleCard());
  });

  test.each(['{', '{"format":"another"}'])('%s is removed', (text) => {
    const kept = storage();
    kept.set('last-run-card', text);
    expect(lastCard()).toBeUndefined();
    expect(kept.size).toBe(0);
  });
});
