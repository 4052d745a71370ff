/** What the page says of a training that is refused, with the detail that the worker sends. */
import { afterAll, expect, test, vi } from 'vitest';
import type { RefusedTraining } from '#core/protocol/trainer.ts';
import { failureText } from '../../../src/chat/failure-text.ts';
import { locale } from '../../../src/platform/locale.svelte.ts';

const said: Record<RefusedTraining, { detail: Record<string, string | number>; en: string; ko: string }> = {
  rows: { detail: {}, en: 'There is no row to train on', ko: '학습할 행이 없습니다' },
  answer: {
    detail: { set: 'trained', row: 4, question: '무슨 글자입니까?', answer: '뷁', written: '' },
    en: 'The tokenizer cannot write the answer of the row “무슨 글자입니까?”. “뷁” would become “”',
    ko: '토크나이저가 이 답을 쓸 수 없습니다: 질문이 ‘무슨 글자입니까?’인 행. 이 토크나이저로 옮기면 ‘뷁’에서 ‘’만 남아',
  },
  length: {
    detail: { set: 'heldOut', row: 2, question: '어디에?', tokens: 1500, limit: 1024 },
    en: 'Too long to train on: the held-out row “어디에?”. With its image it takes 1,500 tokens, and the model has 1,024 positions.',
    ko: '학습하기에는 너무 깁니다: 질문이 ‘어디에?’인 따로 둔 행. 이미지까지 1,500토큰인데 모델의 위치는 1,024개입니다.',
  },
  rank: {
    detail: { rank: 97, target: 'v_proj', inputs: 192, outputs: 96 },
    en: 'Rank 97 is more than v_proj has. The matrix is 96 × 192',
    ko: 'v_proj에는 랭크가 너무 큽니다: 97. 행렬의 크기가 96 × 192입니다.',
  },
  targets: { detail: {}, en: 'No projection is chosen', ko: '학습할 프로젝션을 고르지 않았습니다' },
  memory: {
    detail: { name: 'medgemma-4b-it', bytes: 26_885_759_856, limit: 2 ** 32 },
    en: 'medgemma-4b-it is too large to train in a tab. It would take at least 26.9 GB of memory, and a tab has 4.3 GB for it. The Python code in training/',
    ko: '탭 안에서 학습하기에는 모델이 너무 큽니다: medgemma-4b-it. 메모리가 적어도 26.9 GB 필요한데 탭이 쓸 수 있는 것은 4.3 GB입니다.',
  },
};

vi.stubGlobal('document', { documentElement: { lang: '' } });
afterAll(() => vi.unstubAllGlobals());

test.each(['ko', 'en'] as const)('in %s', async (language) => {
  await locale.choose(language);
  for (const [problem, { detail, ...texts }] of Object.entries(said)) {
    const { title, next } = failureText({ code: 'training-refused', detail: { problem, ...detail } });
    expect(`${title}. ${next}`).toContain(texts[language]);
  }
});
