import { describe, expect, test } from 'vitest';
import type { Failure, FailureCode } from '#core/failure.ts';
import {
  contextFor,
  cutAnswerActions,
  failureActions,
  isFailureCode,
  tokensOver,
  type Action,
  type Situation,
} from '../../../src/chat/failure-actions.ts';
import { failures as en } from '../../../src/messages/shell/failures-en.ts';
import { failures as ko } from '../../../src/messages/shell/failures-ko.ts';

/** A package from an address, in a conversation of several turns with nothing special about it. */
const usual: Situation = {
  of: 'answer',
  fromAddress: true,
  provider: 'auto',
  hasWebGpu: true,
  canShortenContext: true,
  longerContexts: [8192, 16384, 32768],
  canDropOldest: true,
  hasText: true,
  images: 0,
  earlierImages: 0,
  isKept: true,
};

const actions = (code: FailureCode, situation: Partial<Situation> = {}, detail: Failure['detail'] = {}) =>
  failureActions({ code, detail }, { ...usual, ...situation });

const opening = { of: 'opening' } as const;
const folder = { ...opening, fromAddress: false };

describe('an action is offered only where it can help', () => {
  test.each<[string, FailureCode, Partial<Situation>, Action[]]>([
    ['a file may be there by now', 'file-missing', opening, ['retry', 'choose-model']],
    ['a folder stays as it was picked', 'file-missing', folder, ['choose-model']],
    ['a broken file of a folder', 'file-broken', folder, ['choose-model']],
    ['a file that is too short on the server', 'wrong-length', opening, ['retry', 'choose-model']],
    ['a server that breaks off', 'cut-off', opening, ['retry', 'choose-model']],
    ['a gated repository', 'gated', opening, ['retry', 'choose-model']],
    ['a full disk', 'storage-full', opening, ['retry', 'choose-model']],
    ['a package that stays too large', 'too-large', opening, ['choose-model']],
    ['another architecture', 'unsupported-package', opening, ['choose-model']],
    ['a GPU that lacks something', 'gpu-feature-missing', opening, ['use-cpu', 'choose-model']],
    ['… on the CPU', 'gpu-feature-missing', { ...opening, provider: 'wasm' }, ['choose-model']],
    [
      'too large for the CPU that was asked for',
      'too-large-for-cpu',
      { provider: 'wasm' },
      ['use-auto', 'choose-model'],
    ],
    ['… where there is no WebGPU', 'too-large-for-cpu', { provider: 'wasm', hasWebGpu: false }, ['choose-model']],
    ['… where nobody asked for it', 'too-large-for-cpu', opening, ['choose-model']],
    ['no memory', 'out-of-memory', opening, ['shorter-context', 'reopen', 'choose-model']],
    ['… with the shortest context', 'out-of-memory', { canShortenContext: false }, ['answer-again', 'choose-model']],
    ['a lost device', 'device-lost', opening, ['reopen', 'use-cpu', 'choose-model']],
    ['… in an answer', 'device-lost', {}, ['answer-again', 'use-cpu', 'choose-model']],
    ['… on the CPU', 'device-lost', { provider: 'wasm' }, ['answer-again', 'choose-model']],
    ['a crash', 'worker-crashed', opening, ['reopen', 'choose-model']],
    ['… in an answer', 'worker-crashed', {}, ['answer-again', 'choose-model']],
    ['a worker that did not start', 'worker-not-started', opening, ['reopen', 'reload']],
    ['… where a reload loses the conversation', 'worker-not-started', { isKept: false }, ['answer-again']],
    ['no model', 'no-model', {}, ['answer-again', 'choose-model']],
    ['images without vision', 'no-vision', { images: 1 }, ['without-images', 'choose-model']],
    ['… in earlier turns', 'no-vision', { earlierImages: 2 }, ['without-images', 'choose-model']],
    ['… with nothing but images', 'no-vision', { images: 1, hasText: false }, ['choose-model']],
    ['an image that cannot be read', 'image-unreadable', { images: 1 }, ['without-images', 'edit-question']],
    ['… with nothing but images', 'image-unreadable', { images: 1, hasText: false }, ['edit-question']],
    ['an adapter', 'adapter-refused', {}, []],
  ])('%s: %s', (_, code, situation, expected) => {
    expect(actions(code, situation)).toEqual(expected);
  });

  test('a script of an older version of the page: a reload', () => {
    const detail = { url: 'engine.worker', reason: 'the script could not be loaded' };
    expect(actions('network', opening, detail)).toEqual(['retry', 'choose-model', 'reload']);
    expect(actions('network', { ...opening, isKept: false }, detail)).toEqual(['retry', 'choose-model']);
    expect(actions('network', opening, { url: 'https://example.org/' })).toEqual(['retry', 'choose-model']);
  });
});

describe('a full context', () => {
  const limit = 4096;
  test.each<[string, Failure['detail'], Partial<Situation>, Action[]]>([
    [
      'earlier turns make it too long',
      { needed: 5000, alone: 300, limit },
      {},
      ['drop-oldest', 'longer-context', 'new-conversation'],
    ],
    [
      'the question is too long by itself',
      { needed: 5000, alone: 4900, limit },
      {},
      ['longer-context', 'edit-question'],
    ],
    ['… for every context', { needed: 50_000, alone: 49_000, limit }, {}, ['edit-question']],
    ['… for this model', { needed: 5000, alone: 4900, limit }, { longerContexts: [] }, ['edit-question']],
    [
      '… because of its images',
      { needed: 5000, alone: 4900, limit, perImage: 256 },
      { images: 4, longerContexts: [] },
      ['edit-question', 'without-images'],
    ],
    [
      '… and not because of its images',
      { needed: 50_000, alone: 49_000, limit, perImage: 256 },
      { images: 4 },
      ['edit-question'],
    ],
    [
      '… with nothing but images',
      { needed: 5000, alone: 4900, limit, perImage: 256 },
      { images: 19, hasText: false, longerContexts: [] },
      ['edit-question'],
    ],
    [
      'earlier turns are on the page, but were not sent',
      { needed: 4900, alone: 4900, limit },
      { longerContexts: [] },
      ['edit-question'],
    ],
    ['the only turn that is left', { needed: 5000, alone: 300, limit }, { canDropOldest: false }, ['longer-context']],
  ])('%s', (_, detail, situation, expected) => {
    expect(actions('context-full', situation, detail)).toEqual(expected);
  });

  test('says by how much, and chooses a context with room for the answer', () => {
    expect(tokensOver({ alone: 4900, limit })).toBe(804);
    expect(tokensOver({ alone: 300, limit })).toBe(0);
    expect(tokensOver({ limit })).toBe(0);
    expect(contextFor(5000, usual.longerContexts)).toBe(8192);
    // 8,192 would end after the first words.
    expect(contextFor(8000, usual.longerContexts)).toBe(16384);
    expect(contextFor(32_000, usual.longerContexts)).toBeUndefined();
  });

  test('a cut answer offers what makes room', () => {
    expect(cutAnswerActions(usual)).toEqual(['drop-oldest', 'longer-context', 'new-conversation']);
    expect(cutAnswerActions({ ...usual, canDropOldest: false, longerContexts: [] })).toEqual(['new-conversation']);
  });
});

test('each code has its words in both languages, and no other text is a code', () => {
  const codes = Object.keys(ko).flatMap((key) => /^failure\.(.+)\.next$/.exec(key)?.[1] ?? []);
  const known = codes.filter(isFailureCode);
  // Details of one code have words of their own.
  expect(codes.filter((code) => !isFailureCode(code))).toEqual([]);
  expect(known.length).toBeGreaterThan(40);
  expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort());
  expect(isFailureCode('toString')).toBe(false);
});
