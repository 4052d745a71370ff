/** The stage `base` of the training kit, a few steps of it: that it learns shows in training/README.md, not here. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { GEMMA3_CHAT_TEMPLATE } from '#core/chat/gemma3-template.ts';
import { buildPrompt, type Prompt } from '#core/chat/prompt.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { isJsonObject } from '#core/json.ts';
import { openModel } from '../../../cli/evaluate/model.ts';
import { exportPackage } from '../../../cli/export/export-package.ts';
import { PHANTOM_SET_FORMAT, writePhantomSet } from '../../../cli/phantoms/phantom-set.ts';
import { compileChatTemplate } from '../../../workers/engine/chat/template.ts';
import { loadTokenizer } from '../../../workers/engine/chat/tokenizer.ts';
import { hasTrainingPython, python } from './python.ts';

const teaching = (name: string) => readFileSync(new URL(`../../../training/teaching/${name}`, import.meta.url), 'utf8');

function numbers(value: unknown, key: string): number[] {
  const list = isJsonObject(value) ? value[key] : undefined;
  if (!Array.isArray(list)) throw new Error(`no list ${key}`);
  return list.map(Number);
}

describe('what training and page have in common', () => {
  it('is the chat template', () => {
    expect(teaching('chat_template.jinja')).toBe(GEMMA3_CHAT_TEMPLATE);
  });

  it('is the format of phantom sets', () => {
    expect(teaching('data.py')).toContain(`FORMAT = "${PHANTOM_SET_FORMAT}"`);
  });
});

const name = hasTrainingPython() ? 'stage base' : 'stage base (skipped: no Python with PyTorch; PYTHON may name one)';
describe.skipIf(!hasTrainingPython())(name, () => {
  vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
  let folder: string;
  const at = (...path: string[]) => join(folder, ...path);
  const STEPS = [
    '--vision-steps',
    '2',
    '--review-steps',
    '2',
    '--vision-images',
    '8',
    '--images',
    '2',
    '--conversations',
    '2',
  ];
  const train = (out: string, steps: number, ...more: string[]) => [
    '-m',
    'teaching.base',
    '--data',
    at('train'),
    '--out',
    at(out),
    '--steps',
    `${steps}`,
    ...STEPS,
    ...more,
  ];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'training-test-'));
    for (const split of ['train', 'evaluation'] as const) {
      await writePhantomSet({ out: at(split), split, seed: 0, count: 24, questions: 4 });
    }
    const evaluation = ['--evaluation', at('evaluation'), '--evaluation-images', '6'];
    await python(train('run', 2, ...evaluation, '--save-every', '1'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('reports every phase, and evaluates both with the images and without', async () => {
    const lines = (await readFile(at('run', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const metrics = lines.map((line): unknown => JSON.parse(line));
    const number: unknown = expect.any(Number);
    expect(metrics).toEqual([
      expect.objectContaining({ step: 2, phase: 'vision', dense_loss: number }),
      expect.objectContaining({ step: 4, phase: 'language', loss: number, tokens_right: number }),
      expect.objectContaining({ step: 6, phase: 'review', loss: number, tokens_right: number }),
    ]);
    const evaluation: unknown = JSON.parse(await readFile(at('run', 'evaluation.json'), 'utf8'));
    const part: unknown = expect.objectContaining({
      count: 6 * 4 * 2 + 242,
      by_language: { en: number, ko: number },
      by_question_and_language: expect.objectContaining({ 'count ko': number, 'limits en': number }) as unknown,
    });
    expect(evaluation).toEqual({ seen: part, blank: part });
  });

  it('goes on where it stopped, to the same weights, and refuses other options', async () => {
    // The state in the middle of the review, as a run that was ended there leaves it.
    await python([
      '-c',
      `import sys; sys.argv = ['base', *${JSON.stringify(train('stopped', 2).slice(2))}]
from teaching import base
step = base.Training.step
def stop(self, at):
    if at == 5: raise KeyboardInterrupt
    return step(self, at)
base.Training.step = stop
sys.argv += ['--save-every', '1']
try: base.main()
except KeyboardInterrupt: pass`,
    ]);
    expect(existsSync(at('stopped', 'checkpoint'))).toBe(false);
    const { stdout } = await python(train('stopped', 2, '--save-every', '1'));
    expect(stdout).toContain('from step 5');
    const weights = (run: string) => readFile(at(run, 'checkpoint', 'model.safetensors'));
    expect((await weights('stopped')).equals(await weights('run'))).toBe(true);
    await expect(python(train('stopped', 5, '--save-every', '1'))).rejects.toThrow(
      /holds a run with other options \(steps\)/,
    );
  });

  it('draws the questions that are favoured where there are any, and the others elsewhere', async () => {
    const { stdout } = await python([
      '-c',
      `import json, numpy as np
from pathlib import Path
from teaching.data import BatchShape, PhantomSet, draw_batch
class Asked:
    def conversation(self, turns, has_image): return turns
data = PhantomSet(Path(${JSON.stringify(at('train'))}), 4)
def drawn(favoured):
    shape = BatchShape(24, 1, 0.0, 0.0, (1,), favoured)
    batch = draw_batch(data, Asked(), shape, np.random.default_rng(1))
    pairs = [data.pairs['en'][image] for image in batch.images]
    kinds = [next(p.kind for p in of if p.question == turns[0][0]) for of, turns in zip(pairs, batch.conversations)]
    return {'drawn': kinds, 'there': [any(p.kind == 'shape' for p in of) for of in pairs]}
print(json.dumps([drawn({}), drawn({'shape': 1e9})]))`,
    ]);
    const [plain, favoured]: { drawn: string[]; there: boolean[] }[] = JSON.parse(stdout);
    const isShape = (run: typeof plain) => run?.drawn.map((kind) => kind === 'shape');
    expect(isShape(favoured)).toEqual(favoured?.there);
    expect(favoured?.there).toContain(true);
    expect(favoured?.there).toContain(false);
    expect(isShape(plain)).not.toEqual(plain?.there);
  });

  it('refuses to be tested on what it was trained on', async () => {
    await expect(
      python(train('run', 2, '--save-every', '1', '--evaluation', at('train'), '--evaluation-images', '2')),
    ).rejects.toThrow(/is a set of the split 'train'/);
  });

  it('exports, and the package gives the logits of PyTorch for the prompt that the page builds', async () => {
    const checkpoint = at('run', 'checkpoint');
    const warnings: string[] = [];
    await exportPackage(
      {
        ...{ checkpoint, out: at('package'), dtype: 'fp32', visionDtype: 'fp32', blockSize: 32, context: 512 },
        ...{ name: undefined, randomWeights: false, notice: '' },
      },
      { note: () => undefined, warn: (text) => warnings.push(text), progress: () => ({ add() {}, stop() {} }) },
    );
    expect(warnings).toEqual([]);
    const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(at('package', file), 'utf8'));

    const { tokenizer, names } = loadTokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'));
    const question = '왼쪽 위 병변은 어떤 모양입니까?';
    const image = { begin: '<start_of_image>', soft: '<image_soft_token>', end: '<end_of_image>', perImage: 16 };
    const source = await readFile(at('package', 'chat_template.jinja'), 'utf8');
    const prompt: Prompt = buildPrompt(
      [
        {
          role: 'user',
          content: [
            { type: 'image', name: '', image: new Blob() },
            { type: 'text', text: question },
          ],
        },
      ],
      compileChatTemplate({ source, from: 'chat_template.jinja' }, names),
      tokenizer,
      image,
    );
    expect(tokenizer.decode(prompt.ids.filter((id) => !tokenizer.isSpecial(id)))).toContain(question);

    await writeFile(at('ask.json'), JSON.stringify({ checkpoint, question, set: at('evaluation') }));
    const { stdout } = await python([
      '-c',
      `import json, numpy as np, torch
from pathlib import Path
from teaching.data import Batch, PhantomSet
from teaching.evaluate import open_checkpoint
from teaching.model import answer_logits, image_features, pixel_values, rows_by_length
ask = json.load(open(${JSON.stringify(at('ask.json'))}))
model, prompter = open_checkpoint(Path(ask['checkpoint'])); model.eval()
conversation = prompter.conversation([(ask['question'], '')], has_image=True)
data = PhantomSet(Path(ask['set']), 4)
batch = Batch(np.array([0]), [conversation], np.array([0]))
with torch.no_grad():
    features = image_features(model, pixel_values(np.array(data.images[:1])))
    logits, _, _ = answer_logits(model, rows_by_length(batch, 1)[0], batch, features)
print(json.dumps({'ids': conversation.ids[:-1], 'logits': logits[0].tolist()}))`,
    ]);
    const reference: unknown = JSON.parse(stdout);
    expect(reference).toMatchObject({ ids: prompt.ids });

    const model = await openModel(at('package'), 1);
    const features = await model.encodeImage(renderPhantom(drawPhantom(phantomSeed('evaluation', 0, 0))));
    const logits = await model.decoder.prefill(prompt, features);
    const expected = numbers(reference, 'logits');
    expect(logits.length).toBe(expected.length);
    const error = Math.max(...expected.map((value, i) => Math.abs(value - (logits[i] ?? NaN))));
    expect(error).toBeLessThan(1e-4);
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1);
  });
});
