/** A package with the tokens of a pack: the merged tokenizer, and a table of 517 rows. */
import { expect, test, vi } from 'vitest';
import { EngineClient, promptLength } from './client.ts';
import { expectedAnswers, koreanQuestions } from './questions.ts';

vi.setConfig({ testTimeout: 300_000 });

test('answers questions in new tokens as Node does', async () => {
  const { korean } = await expectedAnswers();
  const engine = new EngineClient();
  expect((await engine.model('korean', { contextLength: 256 })).vocabularySize).toBe(517);
  for (const question of koreanQuestions) {
    const answer = await engine.ask(question, { maxNewTokens: 5 });
    expect(korean[question]?.length).toBe(10);
    expect(answer.ids).toEqual(korean[question]?.slice(0, 5));
  }
  // <bos>, the turn's frame and 정상소견 ▁폐렴환자의 ▁ 진단 in four tokens, where the base needs eight.
  const merged = promptLength(await engine.ask(koreanQuestions[0] ?? '', { maxNewTokens: 1 }));
  await engine.model('chat', { contextLength: 256 });
  const base = promptLength(await engine.ask(koreanQuestions[0] ?? '', { maxNewTokens: 1 }));
  expect(base - merged).toBe(4);
  engine.terminate();
});
