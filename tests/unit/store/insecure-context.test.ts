/** A page without https: the browser withholds `crypto.subtle`, and the failure says so. */
import { afterEach, expect, test, vi } from 'vitest';
import { sha256 } from '../../../workers/store/sha256.ts';

afterEach(() => vi.unstubAllGlobals());

test('hashing fails by name, and works where it is allowed', async () => {
  expect(await sha256(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  vi.stubGlobal('crypto', {});
  await expect(sha256(new Uint8Array())).rejects.toMatchObject({ code: 'insecure-context' });
});
