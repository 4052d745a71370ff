import { afterEach, expect, test } from 'vitest';
import { accessTokens, canSendToken, withToken } from '../../../src/platform/access-tokens.svelte.ts';

afterEach(() => accessTokens.forgetAll());

test('a token belongs to one origin, and goes to workers only', () => {
  expect(accessTokens.set('https://huggingface.co/a/b/resolve/main/', 'hf_x', false)).toBe(true);
  expect(accessTokens.of('https://huggingface.co/c/d')).toBe('hf_x');
  for (const url of ['https://hf.co/c', 'http://huggingface.co/c', 'https://huggingface.co.example.org/', 'x'])
    expect(accessTokens.of(url)).toBeUndefined();
  const source = { type: 'url', url: 'https://huggingface.co/c/d/' } as const;
  expect(withToken(source)).toEqual({ ...source, token: 'hf_x' });
  // What is shown and shared stays without it.
  expect(source).not.toHaveProperty('token');
  expect(withToken({ type: 'hugging-face', id: 'c/d', root: 'https://huggingface.co' })).toHaveProperty(
    'token',
    'hf_x',
  );
  expect(withToken({ type: 'files', name: 'a', files: [] })).not.toHaveProperty('token');
  expect(withToken({ type: 'url', url: 'https://example.org/' })).not.toHaveProperty('token');
  expect(accessTokens.hosts).toEqual(['huggingface.co']);
  accessTokens.forgetAll();
  expect(accessTokens.of(source.url)).toBeUndefined();
});

test.each(['', 'hf x', '한글', 'a\nb', 'Bearer x\r\nX: y'])('no header can carry %j', (token) => {
  expect(accessTokens.set('https://huggingface.co/', token, false)).toBe(false);
  expect(accessTokens.of('https://huggingface.co/')).toBeUndefined();
});

test('no token is asked for where it would be readable on the way', () => {
  expect(canSendToken('https://huggingface.co/a')).toBe(true);
  expect(canSendToken('http://localhost:8000/a')).toBe(true);
  expect(canSendToken('http://example.org/a')).toBe(false);
  expect(canSendToken('engine.worker')).toBe(false);
});
