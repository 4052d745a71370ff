/** Which sessions are made and released, and in which order, when one of them is replaced. */
import { beforeEach, expect, test } from 'vitest';
import { ModelSessions, type SessionFactory } from '../../../workers/engine/model/sessions.ts';

const MB = 2 ** 20;
let log: string[];
let fails: string | undefined;
beforeEach(() => {
  log = [];
  fails = undefined;
});

function factory(name: string, bytes = 1): SessionFactory<string> {
  return {
    bytes,
    make(onRead) {
      if (fails === name) return Promise.reject(new Error(`no ${name}`));
      log.push(`make ${name}`);
      onRead(bytes);
      return Promise.resolve(name);
    },
    release(made) {
      log.push(`release ${made}`);
      return Promise.resolve();
    },
  };
}

async function two(gpu: unknown) {
  const sessions = new ModelSessions({ gpu });
  const first = await sessions.add(factory('decoder'), () => undefined);
  const second = await sessions.add(factory('vision', 2), () => undefined);
  log = [];
  return { sessions, first, second };
}

test('on the GPU, weights in buffers of ours: the new one is made, then the old one released, and no other', async () => {
  const { sessions, first, second } = await two({});
  const progress: number[][] = [];
  await first.replace(factory('adapted', 5), 0, (...at) => progress.push(at));
  expect(log).toEqual(['make adapted', 'release decoder']);
  expect([first.current, second.current]).toEqual(['adapted', 'vision']);
  expect(progress).toEqual([[5, 5]]);
  log = [];
  await sessions.release();
  expect(log).toEqual(['release vision', 'release adapted']);
});

test('the old one stays where the new one cannot be made', async () => {
  const { first } = await two({});
  fails = 'adapted';
  await expect(first.replace(factory('adapted'), 0, () => undefined)).rejects.toThrow('no adapted');
  expect(log).toEqual([]);
  expect(first.current).toBe('decoder');
});

test('weights of the sessions’ own: they are left on the GPU up to a limit, then all sessions are made anew', async () => {
  const { first, second } = await two({});
  for (const name of ['a', 'b']) await first.replace(factory(name), 7 * MB, () => undefined);
  expect(log).toEqual(['make a', 'release decoder', 'make b', 'release a']);
  log = [];
  const progress: number[][] = [];
  await first.replace(factory('c'), 7 * MB, (...at) => progress.push(at));
  expect(log).toEqual(['release vision', 'release b', 'make c', 'make vision']);
  expect(progress.at(-1)).toEqual([3, 3]);
  expect([first.current, second.current]).toEqual(['c', 'vision']);
  log = [];
  // Nothing is left any more.
  await first.replace(factory('d'), 7 * MB, () => undefined);
  expect(log).toEqual(['make d', 'release c']);
});

test('on the CPU it alone is replaced, the old one first: memory holds the weights once', async () => {
  const { first } = await two(undefined);
  await first.replace(factory('adapted'), 0, () => undefined);
  expect(log).toEqual(['release decoder', 'make adapted']);
  fails = 'other';
  await expect(first.replace(factory('other'), 0, () => undefined)).rejects.toThrow('no other');
  expect(() => first.current).toThrow(TypeError);
});
