/** What a new conversation takes with it, and what it leaves. */
import { expect, test } from 'vitest';
import type { Attachment } from '../../../src/chat/attachments.svelte.ts';
import { Exchange } from '../../../src/chat/conversation.svelte.ts';
import { Session } from '../../../src/chat/session.svelte.ts';

function image(name: string): Attachment {
  const blob = new Blob([name]);
  return { id: name, name, blob, url: URL.createObjectURL(blob) };
}

/** A conversation whose last question did not fit. Nothing is kept on the device, so that no storage is needed. */
function full(): Session {
  const session = new Session('https://page.test/', true);
  const last = new Exchange('너무 긴 질문', [image('scan.png')]);
  last.answer.state = 'failed';
  last.answer.failure = { code: 'context-full', detail: {} };
  session.conversation.exchanges = [new Exchange('앞의 질문', [image('earlier.png')]), last];
  return session;
}

const names = ({ attachments }: Session) => attachments.items.map(({ name }) => name);

test('a question that was not answered goes back to the composer, with its images', async () => {
  const session = full();
  await session.perform('new-conversation', 'answer');
  expect(session.conversation.exchanges).toEqual([]);
  expect([session.draft, names(session)]).toEqual(['너무 긴 질문', ['scan.png']]);
  // A copy: the address of the old one is revoked.
  await expect(fetch(session.attachments.items[0]?.url ?? '').then((response) => response.text())).resolves.toBe(
    'scan.png',
  );
});

test('what is in the composer is not written over', async () => {
  const session = full();
  session.draft = '새 질문';
  await session.perform('new-conversation', 'answer');
  expect([session.draft, names(session)]).toEqual(['새 질문', []]);
});

test('clearing leaves nothing: no draft, no image that waits, no edit', async () => {
  const session = full();
  session.draft = '비밀';
  session.attachments.items = [image('secret.png')];
  session.startEdit(session.conversation.exchanges[0] ?? new Exchange('', []));
  expect(session.isEmpty).toBe(false);
  await session.clear();
  expect(session.isEmpty).toBe(true);
  expect(session.edit).toBeUndefined();
});
