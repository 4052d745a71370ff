import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AutoProcessor, AutoTokenizer, env, RawImage } from '@huggingface/transformers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPrompt } from '#core/chat/prompt.ts';
import { compileChatTemplate, findChatTemplate } from '../../../workers/engine/chat/template.ts';
import { standInTokenizer, writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { imageTokens, loadStandIn, message } from './packages.ts';

const { tokenizer, names } = await loadStandIn();

/** The same conversations through transformers.js' own processor. */
describe('prompt ids are those of transformers.js', () => {
  let folder: string;
  const localModelPath = env.localModelPath;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chat-'));
    await writeStandInTokenizer(folder);
    const write = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value));
    await write('config.json', { model_type: 'gemma3' });
    await write('processor_config.json', { processor_class: 'Gemma3Processor', image_seq_length: 4 });
    await write('preprocessor_config.json', {
      processor_class: 'Gemma3Processor',
      image_processor_type: 'Gemma3ImageProcessor',
      do_normalize: true,
      do_rescale: true,
      do_resize: true,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      resample: 2,
      rescale_factor: 1 / 255,
      size: { height: 112, width: 112 },
    });
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
  });
  afterAll(async () => {
    env.localModelPath = localModelPath;
    await rm(folder, { recursive: true });
  });

  const template = findChatTemplate({ jinja: undefined, json: undefined, tokenizerConfig: standInTokenizer().config });
  const render = compileChatTemplate(template, names);
  const picture = new Blob([]);

  it('text, with a system message and several turns', async () => {
    const peer = await AutoTokenizer.from_pretrained(basename(folder));
    const messages = [
      message('system', 'Be brief.\nAnswer in Korean.'),
      message('user', '  안녕하세요! the lung scan 👩‍⚕️\n\n\n1. 폐렴?  '),
      message('assistant', '네, 정상 소견입니다.\n'),
      message('user', '왜 그런가요?'),
    ];
    const expected = peer.apply_chat_template(
      messages.map(({ role, content }) => ({ role, content: content.map((part) => ({ ...part })) })),
      { add_generation_prompt: true, return_tensor: false, return_dict: false },
    );
    expect(buildPrompt(messages, render, tokenizer, imageTokens).ids).toEqual(expected);
  });

  it.each([
    ['one image before the text', [message('user', picture, '소견은?')], 1],
    ['two images in a row, and text between', [message('user', picture, picture, 'left, right', picture)], 3],
    [
      'images in two turns',
      [
        message('system', 'x'),
        message('user', '안녕', picture),
        message('assistant', '네'),
        message('user', picture, '?'),
      ],
      2,
    ],
  ])('%s', async (_, messages, count) => {
    const processor = await AutoProcessor.from_pretrained(basename(folder));
    const text = processor.apply_chat_template(
      messages.map(({ role, content }) => ({
        role,
        content: content.map((part) => (part.type === 'text' ? part : { type: 'image' as const })),
      })),
      { add_generation_prompt: true, tokenize: false },
    );
    const grey = new RawImage(new Uint8ClampedArray(12).fill(128), 2, 2, 3);
    const inputs: unknown = await processor(text, Array(count).fill(grey), { add_special_tokens: false });
    const prompt = buildPrompt(messages, render, tokenizer, imageTokens);
    expect(prompt.ids).toEqual(idsOf(inputs));
    expect(prompt.images.length).toBe(count);
  });
});

/** `input_ids` [1, length] of a processor's output, int64. */
function idsOf(inputs: unknown): number[] {
  if (typeof inputs === 'object' && inputs !== null && 'input_ids' in inputs) {
    const tensor = inputs.input_ids;
    if (typeof tensor === 'object' && tensor !== null && 'data' in tensor && tensor.data instanceof BigInt64Array) {
      return Array.from(tensor.data, Number);
    }
  }
  throw new Error('no input_ids');
}
