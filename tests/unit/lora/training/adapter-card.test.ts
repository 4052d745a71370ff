import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { adapterCard, type AdapterCard } from '#core/lora/training/adapter-card.ts';

const card: AdapterCard = {
  ...{ baseModel: 'teaching-ko-q4', dtype: 'q4', where: 'browser', data: { type: 'task', name: 'patient-side' } },
  ...{ rows: { trained: 1436, heldOut: 164 }, parameters: 36_864, step: 40 },
  lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'] },
  settings: {
    ...{ steps: 240, rate: 5e-3, warmupSteps: 20, final: 0.05, batchRows: 24, tokensAtOnce: 2048, clip: 0, seed: 7 },
    ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 },
  },
  curve: [
    { step: 0, loss: undefined, heldOut: { loss: 3.25, tokens: 900, rows: 100, exact: 0 } },
    { step: 40, loss: 0.5, heldOut: { loss: 0.75, tokens: 900, rows: 100, exact: 65 } },
  ],
};
const headOf = (text: string): unknown => parse(/^---\n(.*?)\n---\n/su.exec(text)?.[1] ?? '');

describe('the card of an adapter', () => {
  it.each(['en', 'ko'] as const)('has the head of a PEFT card, whatever the model is called (%s)', (language) => {
    for (const baseModel of ['teaching-ko-q4', 'google/medgemma-4b-it', 'a: "b" # `c`\n---\n# Heading', '@x'])
      expect(headOf(adapterCard({ ...card, baseModel }, language))).toEqual({
        base_model: baseModel,
        library_name: 'peft',
        tags: ['lora', 'gemma3', 'teaching', 'trained-in-browser'],
      });
  });

  it('says data, settings and what was measured', () => {
    const text = adapterCard(card, 'en');
    expect(text).toContain('# LoRA adapter of `teaching-ko-q4`');
    expect(text).toContain(
      'Trained in a web browser, over the weights of `teaching-ko-q4` as its package stores them (q4)',
    );
    expect(text).toContain('Not for medical use');
    expect(text).toContain('The task `patient-side` on drawn phantoms. 1436 rows were trained on; 164 were held out');
    for (const row of [
      '| r | 8 |',
      '| target_modules | `q_proj`, `v_proj` |',
      '| seed | 7 |',
      '| largest norm of the gradient | none |',
    ])
      expect(text).toContain(row);
    expect(text).toContain('It was stopped after 40 of 240 steps.');
    expect(text).toContain('| 0 | – | 3.2500 | 0 / 100 |\n| 40 | 0.5000 | 0.7500 | 65 / 100 |');
    expect(text).toContain(
      'After 40 steps it gives the wished answer word for word to 65.0 % of 100 held-out questions.',
    );
  });

  it('says in Korean what it says in English', () => {
    const text = adapterCard(card, 'ko');
    const lines = (of: string) => of.split('\n').map((line) => /^(#+|\||-|\*\*)?/u.exec(line)?.[0]);
    expect(lines(text)).toEqual(lines(adapterCard(card, 'en')));
    expect(text).toContain('따로 둔 질문 100개 가운데 65.0 %');
    expect(text).toContain('의료에 쓰지 마십시오');
  });

  it('claims nothing where nothing was held out, and names rows of a visitor and files', () => {
    const curve = card.curve.map((point) => ({ ...point, heldOut: undefined }));
    const text = adapterCard({ ...card, curve, step: 240, data: { type: 'own' } }, 'en');
    expect(text).toContain('Questions and answers that a visitor wrote.');
    expect(text).toContain('it is not known what it answers');
    expect(text).not.toMatch(/stopped|word for word to/u);
    expect(adapterCard({ ...card, data: { type: 'file', name: 'a|b.jsonl' } }, 'en')).toContain(
      'examples of `a b.jsonl`',
    );
  });
});
