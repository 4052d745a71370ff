import { expect, test } from 'vitest';
import { Answer, Exchange } from '../../../src/chat/conversation.svelte.ts';
import { contentsOf, recordOf } from '../../../src/chat/conversation-record.ts';
import { drawnPhantom } from '../../../src/chat/phantoms.ts';
import { isEmpty, readSaved, SAVED_VERSION } from '../../../src/chat/saved-conversation.ts';
import type { Attachment } from '../../../src/chat/attachments.svelte.ts';

function conversation() {
  const read = { notes: [{ code: 'sixteen-bits', bits: 12 }], caption: 'SLICE 1' } as const;
  const photo: Attachment = { id: 'image-1', name: '사진.jpg', blob: new Blob(['jpeg']), url: 'blob:1', ...read };
  const { phantom, number, file } = drawnPhantom(3, 5);
  const drawn: Attachment = { id: 'image-2', name: number, blob: file, url: 'blob:2', phantom };
  const first = new Exchange('무엇이 보이나요?', [photo, drawn]);
  first.answer = new Answer('MedGemma', false, 'phantoms', 42);
  const verdict = { right: true, answer: '하나', language: 'ko' } as const;
  const turn = {
    ...{ prefillTokens: 9, cachedTokens: 0, prefillMilliseconds: 5, timeToFirstTokenMilliseconds: undefined },
    ...{ imageMilliseconds: 1, newTokens: 3, decodeTokensPerSecond: 2 },
    promptLookup: { runs: 1, drafted: 3, accepted: 1 },
  };
  Object.assign(first.answer, { text: '하나', thought: '음', state: 'done', reason: 'end', turn, verdict });
  first.leftOut = true;
  const second = new Exchange('그리고?', [photo]);
  second.answer = new Answer('MedGemma', false, undefined, undefined);
  Object.assign(second.answer, { text: '둘째 답이 쓰이', state: 'streaming' });
  return { draft: '쓰다 만', attached: [photo], exchanges: [first, second] };
}

test('comes back as it was; an answer that a reload cut is a stopped one', () => {
  const kept = recordOf(conversation());
  // The same bytes are kept once; a phantom has its number.
  expect(kept.images.size).toBe(1);
  const read = readSaved(structuredClone(kept.saved));
  if (read.type !== 'ok') throw new Error(read.type);
  const { draft, attached, exchanges } = contentsOf({ saved: read.saved, images: kept.images });
  const [first, second] = exchanges;
  expect(attached[0]).toMatchObject({ notes: [{ code: 'sixteen-bits', bits: 12 }], caption: 'SLICE 1' });
  expect([draft, attached.map(({ name }) => name)]).toEqual(['쓰다 만', ['사진.jpg']]);
  expect([first?.text, first?.leftOut, first?.answer.text, first?.answer.seed]).toEqual([
    ...['무엇이 보이나요?', true, '하나', 42],
  ]);
  expect(first?.answer.verdict).toEqual({ right: true, answer: '하나', language: 'ko' });
  expect(first?.images[1]?.phantom).toEqual(drawnPhantom(3, 5).phantom);
  expect([second?.answer.text, second?.answer.state, second?.answer.running]).toEqual([
    ...['둘째 답이 쓰이', 'stopped', false],
  ]);
  expect(first?.answer.turn?.promptLookup).toEqual({ runs: 1, drafted: 3, accepted: 1 });
  // What was restored is not written again.
  expect([...recordOf({ draft, attached, exchanges }).images.keys()]).toEqual([...kept.images.keys()]);
});

test('a failed answer comes back with its failure, unless this page does not know it', () => {
  const contents = conversation();
  const answer = contents.exchanges[1]?.answer;
  Object.assign(answer ?? {}, { state: 'failed', failure: { code: 'device-lost', detail: { reason: 'gone' } } });
  const { saved } = recordOf(contents);
  expect(readSaved(saved)).toMatchObject({ type: 'ok', saved: { exchanges: [{}, { answer: { state: 'failed' } }] } });
  const foreign = JSON.stringify(saved).replace('device-lost', 'of-tomorrow');
  expect(readSaved(JSON.parse(foreign)).type).toBe('broken');
});

test.each([
  ['nothing', undefined],
  ['a text', 'x'],
  ['another shape', { version: SAVED_VERSION, draft: 7 }],
  ['no version', { draft: '' }],
  ['an older version', { version: 0 }],
])('damage is recognised: %s', (_, stored) => {
  expect(readSaved(stored).type).toBe('broken');
});

test('a record of a newer page is left alone', () => {
  expect(readSaved({ ...recordOf(conversation()).saved, version: SAVED_VERSION + 1 }).type).toBe('newer');
});

test('an empty conversation is none', () => {
  const nothing = { draft: '', attached: [], exchanges: [] };
  expect(isEmpty(recordOf(nothing).saved)).toBe(true);
  expect(isEmpty(recordOf({ ...nothing, draft: ' ' }).saved)).toBe(false);
});
